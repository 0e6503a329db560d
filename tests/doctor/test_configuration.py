"""Orthanc's files are read as Orthanc reads them, and never quoted."""

from pathlib import Path

import pytest

from pacs_proxy.doctor.configuration import Unreadable, plain, read


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_comments_go_and_what_looks_like_one_inside_a_text_stays(tmp_path: Path) -> None:
    text = """{
      // "HttpPort" : 1,
      "Name" : "http://x/ /* no */ \\" // no", /* "DicomPort" : 2,
      */ "HttpPort" : 8042, // yes
      "Plugins" : [ "a, ]", ],
    }"""
    options = read(written(tmp_path, "o.json", text)).options
    assert options == {
        "Name": 'http://x/ /* no */ " // no',
        "HttpPort": 8042,
        "Plugins": ["a, ]"],
    }


def test_lines_keep_their_numbers_so_that_an_error_can_be_found() -> None:
    assert plain('/* a\nb */ "x"').count("\n") == 1


def test_environment_variables_are_filled_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORTHANC_PORT", "8099")
    text = '{"HttpPort": ${ORTHANC_PORT}, "DicomPort": ${NOT_SET_HERE:-4299}}'
    assert read(written(tmp_path, "o.json", text)).options == {"HttpPort": 8099, "DicomPort": 4299}


def test_a_folder_is_its_json_files_and_an_option_in_two_of_them_is_seen(tmp_path: Path) -> None:
    written(tmp_path, "a.json", '{"HttpPort": 1, "Name": "a"}')
    written(tmp_path, "b.json", '{"HttpPort": 2}')
    written(tmp_path, "c.json.bak", "not read")
    configuration = read(tmp_path)
    assert configuration.options == {"HttpPort": 2, "Name": "a"}
    assert configuration.twice == ("HttpPort",)


def test_an_option_twice_in_one_file_is_seen(tmp_path: Path) -> None:
    text = '{"HttpPort": 1, "HttpPort": 2, "Name": "a"}'
    assert read(written(tmp_path, "o.json", text)).twice == ("HttpPort",)


def test_a_broken_file_is_named_with_its_line_and_not_quoted(tmp_path: Path) -> None:
    path = written(tmp_path, "o.json", '{\n"RegisteredUsers": {"anna": "CANARY" "x"}}')
    with pytest.raises(Unreadable, match=r"^o\.json is not JSON, line 2: ") as caught:
        read(path)
    assert "CANARY" not in str(caught.value)


def test_a_missing_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match=r"none\.json does not exist"):
        read(tmp_path / "none.json")
