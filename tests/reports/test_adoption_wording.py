"""What an adoption says of the drift that follows it."""

from provisioner.documents.adoption import Verdict
from provisioner.reports.adoption_wording import next_words
from tests.reports.adoption_documents import ADOPTION


def test_what_the_first_drift_reports_is_said_with_the_proof() -> None:
    proven = ADOPTION.model_copy(update={"verdict": Verdict.PROVEN, "changes": ()})
    watched = proven.model_copy(update={"observe": True, "failing_proofs": 2, "additions": 1})

    assert len(next_words(proven)) == 1
    assert next_words(watched)[1] == (
        "azsec drift prod reports from the first run on: 2 network proofs that fail on what is "
        "there and 1 addition that others made beside it"
    )
