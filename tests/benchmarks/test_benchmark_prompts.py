"""What a model is asked, letter by letter."""

from benchmarks.answering import examples_for
from benchmarks.items import Item
from benchmarks.prompts import continuations, letters, wording

ENGLISH = Item(id="1", question="What is 1+1?", choices=("1", "2"), answer=1, subject="abstract_algebra")
ARABIC = Item(id="2", question="ما عاصمة مصر؟", choices=("دمشق", "القاهرة"), answer=1, passage="نص.")
BLANK = Item(id="3", question="Ann saw Sue so", choices=("Ann", "Sue"), answer=0, ending="waved.")


def test_letters_in_english_are_mmlus_own_form():
    asked = letters(ENGLISH, [ENGLISH], wording("en"))
    assert asked.contexts[0] == (
        "The following are multiple choice questions (with answers) about abstract algebra.\n\n"
        "What is 1+1?\nA. 1\nB. 2\nAnswer: B\n\n"
        "What is 1+1?\nA. 1\nB. 2\nAnswer:"
    )
    assert asked.continuations == (" A", " B")


def test_letters_in_arabic():
    asked = letters(ARABIC, [], wording("ar"))
    assert asked.contexts[0] == (
        "فيما يلي أسئلة اختيار من متعدد مع إجاباتها.\n\nنص.\nما عاصمة مصر؟\nأ. دمشق\nب. القاهرة\nالإجابة:"
    )
    assert asked.continuations == (" أ", " ب")


def test_a_subject_in_the_other_script_is_left_out():
    assert wording("ar").title("abstract_algebra") == wording("ar").heading
    assert wording("ar").title("فيزياء").endswith("في فيزياء.")
    assert wording("en").title("فيزياء") == wording("en").heading


def test_continuations():
    asked = continuations(ARABIC, [], wording("ar"), "question")
    assert asked.contexts == ("نص.\nالسؤال: ما عاصمة مصر؟\nالإجابة:",) * 2
    assert asked.continuations == (" دمشق", " القاهرة")
    asked = continuations(ENGLISH, [ENGLISH], wording("en"), "question")
    assert asked.contexts[0] == "Question: What is 1+1?\nAnswer: 2\n\nQuestion: What is 1+1?\nAnswer:"
    assert continuations(ENGLISH, [], wording("en"), "completion").contexts[0] == "What is 1+1?"


def test_a_blank_is_filled_and_the_ending_scored():
    asked = continuations(BLANK, [BLANK], wording("en"), "blank")
    shown = "Ann saw Sue so Ann waved.\n\n"
    assert asked.contexts == (f"{shown}Ann saw Sue so Ann", f"{shown}Ann saw Sue so Sue")
    assert asked.continuations == (" waved.", " waved.")
    assert "Ann saw Sue so _ waved.\nA. Ann\nB. Sue\nAnswer:" in letters(BLANK, [], wording("en")).contexts[0]


def test_examples_are_of_the_same_subject_first():
    dev = [Item(id=str(n), question="q", choices=("a", "b"), answer=0, subject="xy"[n % 2]) for n in range(6)]
    found = examples_for(Item(id="9", question="q", choices=("a", "b"), answer=0, subject="y"), dev, 4)
    assert [item.id for item in found] == ["1", "3", "5", "0"]
    assert "1" not in [item.id for item in examples_for(dev[1], dev, 6)]


def test_an_example_of_another_split_may_have_the_items_number():
    dev = [Item(id=str(n), question=f"example {n}", choices=("a", "b"), answer=0) for n in range(4)]
    item = Item(id="1", question="question 1", choices=("a", "b"), answer=0)
    assert [each.id for each in examples_for(item, dev, 3)] == ["0", "1", "2"]


def test_only_as_many_examples_are_looked_at_as_are_wanted():
    class Counting(list):
        looked_at = 0

        def __iter__(self):
            for each in super().__iter__():
                self.looked_at += 1
                yield each

    dev = Counting(Item(id=f"d{n}", question="q", choices=("a", "b"), answer=0) for n in range(1000))
    item = Item(id="1", question="q", choices=("a", "b"), answer=0)
    assert examples_for(item, dev, 0) == []
    assert dev.looked_at == 0
    assert len(examples_for(item, dev, 5)) == 5
    assert dev.looked_at == 5
