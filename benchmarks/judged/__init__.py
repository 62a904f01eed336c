"""Answers to open questions, judged by models: MT-Bench in two turns, Vicuna in one, alone and in pairs.

`questions` reads FastChat's files, `answers` lets models answer, `prompts` and `verdicts` are what a judge is told and
what it says, `judging` asks, `summary` and `agreement` count, `report` shows. After Zheng et al. 2023
(arXiv:2306.05685).
"""
