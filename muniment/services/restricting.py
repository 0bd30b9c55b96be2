"""What a person is not shown: records of restricted classes, and of their cases, whose team they are not in.

The class of a record is derived when it is asked for, as for a disposal: a restricted class that only cases
have costs a question to the register; one that rules give costs a scan of a dozen narrow columns.
"""

from muniment.domain.classifying import classify
from muniment.domain.people import SYSTEM, Actor, may_see
from muniment.domain.restricting import restrictions
from muniment.domain.retention import Level, Schedule
from muniment.services.retaining import Retaining

__all__ = ["classes_left_out", "out_of_sight", "teams_left_out"]


def teams_left_out(retaining: Retaining, actor: Actor) -> tuple[str, ...]:
    """Return the teams and roles to which the schedule restricts classes, and this person is not in."""
    schedule = retaining.in_force()
    if schedule is None or actor == SYSTEM:  # the system shows nobody anything
        return ()
    wanted = {one.restricted_to for one in schedule.classes.values() if one.restricted_to is not None}
    return tuple(sorted(wanted - may_see(actor)))


def classes_left_out(retaining: Retaining, actor: Actor) -> frozenset[str]:
    """Return the classes that this person is told nothing of, not even their names."""
    schedule, left_out = retaining.in_force(), teams_left_out(retaining, actor)
    classes = () if schedule is None else schedule.classes.values()
    return frozenset(one.code for one in classes if one.restricted_to in left_out)


def out_of_sight(retaining: Retaining, actor: Actor) -> frozenset[str]:
    """Return the ids of the records that this person is not shown.

    Source:
        records-law.md 3, G8: restricted series are invisible, also in counts, without the role.
    """
    left_out = teams_left_out(retaining, actor)
    schedule = retaining.in_force()
    if not left_out or schedule is None:
        return frozenset()
    cases = retaining.register.retention_cases(retaining.council)
    codes = {one.code for one in schedule.classes.values() if one.restricted_to in left_out}
    if not _given(retaining, schedule, codes):
        hidden = {case for case, code in cases.classes.items() if code in codes}
        return frozenset(record for record, names in cases.of_record.items() if hidden & set(names))
    records = retaining.held().records
    seen = restrictions(records, schedule, classify(records, schedule, retaining.setting()), cases)
    return frozenset(records.filter(seen.beyond(may_see(actor)))["record_id"].to_pylist())


def _given(retaining: Retaining, schedule: Schedule, codes: set[str]) -> bool:
    """Return whether any record may have one of these classes otherwise than by a case."""
    if all(schedule.classes[code].level is Level.CASE for code in codes):
        return False
    defaults = {schedule.defaults.own_post, schedule.defaults.comment, schedule.defaults.message}
    setting = retaining.setting()
    given = {*defaults, *(rule.gives for rule in schedule.rules)}
    given |= {*setting.by_record.values(), *setting.by_thread.values()}
    return not codes.isdisjoint(given)
