# SPDX-License-Identifier: BSD-3-Clause
"""formats.py FORMAT FILE [JSON] - is this a report of holdfast crash in a format that others read?

FORMAT is sarif, junit or svg. What a reader relies on is checked, and that all bugs of the report as
JSON are there. sarif-failure and junit-failure are of a run that failed. Prints what is wrong, and exits
with 1 if something is.
"""

import json
import sys
import xml.etree.ElementTree as tree
from urllib.parse import unquote, urlparse

wrong = []


def expect(what, condition):
    if not condition:
        wrong.append(what)


def check_location(location, what):
    physical = location.get("physicalLocation", {})
    uri = physical.get("artifactLocation", {}).get("uri", "")
    expect(f"{what}: names a source file", unquote(urlparse(uri).path).endswith(".c"))
    expect(f"{what}: is a URI without blanks", uri and " " not in uri)
    expect(f"{what}: has a line", physical.get("region", {}).get("startLine", 0) > 0)
    names = location.get("logicalLocations", [])
    expect(f"{what}: names a function", names and names[0]["fullyQualifiedName"])


def is_in(location, place):
    """Is the location one of the calls of a place, "file.c:12 function < ..."?"""
    physical = location["physicalLocation"]
    name = unquote(physical["artifactLocation"]["uri"]).rpartition("/")[2]
    return f"{name}:{physical['region']['startLine']} " in place


def check_result(result, rules, bug):
    rule = rules[result["ruleIndex"]]
    expect("result: ruleId is that of its rule", result["ruleId"] == rule["id"])
    expect("result: the rule is the cause", rule["shortDescription"]["text"] == bug["cause"])
    expect("result: level is error", result["level"] == "error")
    expect("result: the message names the cause", bug["cause"] in result["message"]["text"])
    expect("result: the message says what to do", "Repair: " in result["message"]["text"])
    expect("result: one location", len(result["locations"]) == 1)
    check_location(result["locations"][0], "location")
    expect("location: the lost store", is_in(result["locations"][0], bug["lost"]["place"]))
    early = result["relatedLocations"][0]
    check_location(early, "related location")
    expect("related location: the early store", is_in(early, bug["early"]["place"]))
    expect("related location: says so", early["message"]["text"].startswith("early: "))
    ids = [location["id"] for location in result["relatedLocations"]]
    expect("related locations: have different ids", len(set(ids)) == len(ids))
    expect("result: has a fingerprint", all(result["partialFingerprints"].values()))


def check_sarif(text, bugs):
    log = json.loads(text)
    expect("version: 2.1.0", log["version"] == "2.1.0")
    expect("$schema: names the version", "sarif-schema-2.1.0" in log["$schema"])
    expect("runs: one", len(log["runs"]) == 1)
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    expect("driver: has a name and a version", driver["name"] and driver["version"])
    for rule in driver["rules"]:
        for key in "shortDescription", "fullDescription", "help":
            expect(f"rule {rule['id']}: has {key}", rule[key]["text"])
    expect("rules: have different ids", len({rule["id"] for rule in driver["rules"]}) == 9)
    expect("invocation: is said", run["invocations"][0]["executionSuccessful"] is True)
    expect("notifications: the level comes first", "level" in
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"])
    expect("a result for each bug", len(run["results"]) == len(bugs))
    for result, bug in zip(run["results"], bugs):
        check_result(result, driver["rules"], bug)


def check_junit(text, bugs):
    suites = tree.fromstring(text)
    suite = suites.find("testsuite")
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    for element in suites, suite:
        expect("tests: their number", int(element.get("tests")) == len(cases))
        expect("failures: their number", int(element.get("failures")) == len(failed))
        expect("skipped: their number", int(element.get("skipped")) == len(skipped))
        expect("time: is a number", float(element.get("time")) >= 0)
    expect("names: differ", len({case.get("name") for case in cases}) == len(cases))
    expect("classname: is there", all(case.get("classname") for case in cases))
    of_bugs = [case for case in failed if case.find("failure").get("type")]
    expect("a failed test for each bug", len(of_bugs) == len(bugs))
    for case, bug in zip(of_bugs, bugs):
        expect("failure: its type is the cause", case.find("failure").get("type") == bug["cause"])
        place = case.get("file").rpartition("/")[2] + ":" + case.get("line") + " "
        expect("file and line: the lost store", place in bug["lost"]["place"])
        expect("output: of the check", bug["output"] is None or
            bug["output"] in case.find("failure").get("message"))
    expect("system-out: has the report", "BUG 1 " in suite.find("system-out").text or not bugs)


def check_bars(row):
    """They are side by side, and nothing but a state is beside itself."""
    bars = [(float(bar.get("x")), float(bar.get("width")), bar.get("class"))
        for bar in row.findall("{*}rect")]
    for (x, width, kind), (after, _, next_kind) in zip(bars, bars[1:]):
        expect("bars: are side by side", x + width == after)
        expect("bars: change", kind != next_kind)


def check_panel(panel, bug):
    text = "\n".join(element.text for element in panel.findall(".//{*}text") if element.text)
    rows = panel.findall("{*}g[@class='row']")
    lines = {(store["file"], store["offset"] // 64) for store in (bug["lost"], bug["early"])}
    expect("a row for each line", len(rows) == len(lines))
    for row in rows:
        check_bars(row)
        expect("row: has stores", row.findall("{*}circle"))
    for role in "lost", "early":
        rings = panel.findall(f".//{{*}}circle[@class='ring {role}']")
        expect(f"{role}: one store has a ring", len(rings) == 1)
        expect(f"{role}: its line of source is beside it", f"{role}: " in text)
        expect(f"{role}: its calls are in the list", bug[role]["place"][:40] in text)
    cuts = panel.findall("{*}line[@class='cut']")
    expect("the cut: one", len(cuts) == 1)
    pale = panel.findall("{*}text[@class='item pale']")
    expect("pale: begins with what is after the crash", pale and
        bug["crash"][:40] in [item.text for item in pale][:4])
    numbers = panel.findall("{*}circle[@class='number']")
    expect("the cut: is behind all that happened", numbers and
        max(float(number.get("cx")) for number in numbers) < float(cuts[0].get("x1")))
    expect("words: cause and repair", bug["cause"] in text and "Repair: " in text)


def check_svg(text, bugs):
    picture = tree.fromstring(text)
    expect("root: is svg", picture.tag == "{http://www.w3.org/2000/svg}svg")
    width, height = float(picture.get("width")), float(picture.get("height"))
    for element in picture.findall(".//{*}text"):
        expect(f"text is inside: {element.text}",
            0 <= float(element.get("x")) < width and 0 <= float(element.get("y")) < height)
    panels = picture.findall("{*}g[@class='bug']")
    expect("a panel for each bug", len(panels) == len(bugs))
    expect("a legend, if there is a bug",
        len(picture.findall("{*}g[@class='legend']")) == bool(bugs))
    for panel, bug in zip(panels, bugs):
        check_panel(panel, bug)


def check_sarif_failure(text, _):
    run = json.loads(text)["runs"][0]
    invocation = run["invocations"][0]
    expect("results: are not known", "results" not in run)
    expect("invocation: failed", invocation["executionSuccessful"] is False)
    expect("invocation: has an exit code", invocation["exitCode"] == 4)
    note = invocation["toolExecutionNotifications"][0]
    expect("notification: is an error", note["level"] == "error")
    expect("notification: is the message", "there is no program" in note["message"]["text"])


def check_junit_failure(text, _):
    suite = tree.fromstring(text).find("testsuite")
    error = suite.find("testcase/error")
    expect("errors: one", suite.get("errors") == "1")
    expect("error: is the message", "there is no program" in error.get("message"))
    expect("error: has the exit status", error.get("type") == "exit 4")


def main(format_name, path, path_of_json=None):
    checks = {"sarif": check_sarif, "junit": check_junit, "svg": check_svg,
        "sarif-failure": check_sarif_failure, "junit-failure": check_junit_failure}
    bugs = []
    if path_of_json:
        with open(path_of_json, encoding="utf-8") as file:
            bugs = json.load(file)["bugs"]
    with open(path, encoding="utf-8") as file:
        checks[format_name](file.read(), bugs)
    print("\n".join(wrong))
    return bool(wrong)


sys.exit(main(*sys.argv[1:]))
