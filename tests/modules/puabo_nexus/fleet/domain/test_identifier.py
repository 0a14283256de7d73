"""Devices, phones and licences."""

import pytest

from modules.puabo_nexus.fleet.contract import DeviceId, LicenceNumber
from modules.puabo_nexus.fleet.domain.identifier import phone
from nexus_actors.rules import normal_form


@pytest.mark.parametrize("text", ["358735071000001", "van-7", "truck.7@depot:north_2", "A" * 64])
def test_devices_keep_what_they_call_themselves(text: str) -> None:
    assert normal_form(DeviceId, f" {text} ") == text


@pytest.mark.parametrize("text", ["", " ", "A" * 65, "a b", "a/b", "géo", "a\nb", "a\x00b", "٣٥٨"])
def test_what_no_device_reports_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"as the device reports it|Give 1 to 64"):
        normal_form(DeviceId, text)


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("+385 91 234 5678", "+385912345678"),
        ("+1 (202) 555-0143", "+12025550143"),
        ("+49.30/123456", "+4930123456"),
        ("+290 1234 0", "+29012340"),
        ("+123456789012345", "+123456789012345"),
    ],
)
def test_phones_are_kept_in_e164(typed: str, number: str) -> None:
    assert phone(typed) == number


@pytest.mark.parametrize(
    "typed", ["", "091 234 5678", "00385912345678", "+0123456789", "+12345", "+1234567890123456", "+1202CALLNOW", "+٣٨٥٩١٢٣٤"]
)
def test_phones_without_a_country_are_refused(typed: str) -> None:
    with pytest.raises(ValueError, match="no international number"):
        phone(typed)


def test_licences_are_upper_case_and_short() -> None:
    assert normal_form(LicenceNumber, "  b072 rre2-i55 ") == "B072 RRE2-I55"
    for wrong in ("", " ", "-1", "A" * 31, "A;DROP", "Ä1"):
        with pytest.raises(ValueError, match=r"It is not letters|Give 1 to 30"):
            normal_form(LicenceNumber, wrong)
