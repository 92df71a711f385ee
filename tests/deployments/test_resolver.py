from hypothesis import given
from hypothesis import strategies as st

from deployments.resolver import Rule, effective_software


def rule(
    level: int, entry_id: int, intent: str = "required", version_id: int | None = None, application_id: int = 1
) -> Rule:
    action = "remove" if intent == "" else "add"
    return Rule(level, 100 + level, entry_id, application_id, action, intent, version_id)


@st.composite
def rule_sets(draw: st.DrawFn) -> list[Rule]:
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, 4),
                st.sampled_from(["", "required", "available", "uninstall"]),
                st.sampled_from([None, 1, 2]),
                st.integers(1, 3),
            ),
            max_size=12,
        )
    )
    return [
        rule(level, entry_id, intent, version if intent else None, application)
        for entry_id, (level, intent, version, application) in enumerate(rows, start=1)
    ]


@given(rule_sets(), st.randoms())
def test_order_of_rules_makes_no_difference(rules: list[Rule], random) -> None:
    shuffled = random.sample(rules, len(rules))

    assert effective_software(shuffled) == effective_software(rules)


@given(rule_sets())
def test_nearest_level_wins(rules: list[Rule]) -> None:
    outcomes = effective_software(rules).outcomes

    assert outcomes.keys() == {each.application_id for each in rules}
    for each in rules:
        assert outcomes[each.application_id].rule.level >= each.level


@given(rule_sets())
def test_each_rule_wins_is_overruled_or_in_conflict(rules: list[Rule]) -> None:
    effective = effective_software(rules)

    winners = [outcome.rule for outcome in effective.outcomes.values()]
    overruled = [each for outcome in effective.outcomes.values() for each in outcome.overruled]
    losers = [each for conflict in effective.conflicts for each in conflict.losers]
    assert sorted(winners + overruled + losers) == sorted(rules)


@given(rule_sets())
def test_conflict_is_between_different_words_on_the_deciding_level(rules: list[Rule]) -> None:
    effective = effective_software(rules)

    for conflict in effective.conflicts:
        assert conflict.winner == effective.outcomes[conflict.application_id].rule
        assert {loser.level for loser in conflict.losers} == {conflict.winner.level}
        assert conflict.winner.says not in {loser.says for loser in conflict.losers}


def test_removal_nearer_the_computer_takes_an_app_away() -> None:
    wide, near = rule(0, 1), rule(2, 2, intent="")

    outcome = effective_software([wide, near]).outcomes[1]

    assert (outcome.intent, outcome.rule, outcome.overruled) == (None, near, (wide,))


def test_conflict_follows_the_gentlest_rule_and_is_reported() -> None:
    required, available = rule(2, 1, "required"), rule(2, 2, "available")

    effective = effective_software([required, available])

    assert effective.outcomes[1].rule == available
    assert effective.conflicts[0].losers == (required,)


def test_same_word_twice_on_one_level_is_no_conflict() -> None:
    effective = effective_software([rule(2, 1), rule(2, 2)])

    assert effective.conflicts == ()
    assert len(effective.outcomes[1].overruled) == 1
