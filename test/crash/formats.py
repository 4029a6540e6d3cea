# SPDX-License-Identifier: BSD-3-Clause
"""formats.py FORMAT FILE [JSON] - checks a report of holdfast crash in a format that other tools read

FORMAT is sarif, junit or svg. FILE must have what readers of the format rely on, and all bugs of JSON,
the report of the same run in JSON. The formats sarif-failure and junit-failure are for the report of a
run that failed. Prints what is wrong, and exits with 1 if anything is.
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
    """Returns whether the location is one of the calls in `place`, such as "file.c:12 function < ..."."""
    physical = location["physicalLocation"]
    name = unquote(physical["artifactLocation"]["uri"]).rpartition("/")[2]
    return f"{name}:{physical['region']['startLine']} " in place


def check_result(result, rules, bug):
    rule = rules[result["ruleIndex"]]
    expect("result: ruleId is the id of the rule at ruleIndex", result["ruleId"] == rule["id"])
    expect("result: the rule's description is the bug's cause", rule["shortDescription"]["text"] == bug["cause"])
    expect("result: level is error", result["level"] == "error")
    expect("result: the message names the cause", bug["cause"] in result["message"]["text"])
    expect("result: the message says how to repair the bug", "Repair: " in result["message"]["text"])
    expect("result: has one location", len(result["locations"]) == 1)
    check_location(result["locations"][0], "location")
    expect("location: is the place of the lost store", is_in(result["locations"][0], bug["lost"]["place"]))
    early = result["relatedLocations"][0]
    check_location(early, "related location")
    expect("first related location: is the place of the early store", is_in(early, bug["early"]["place"]))
    expect("first related location: its message begins with \"early: \"", early["message"]["text"].startswith("early: "))
    ids = [location["id"] for location in result["relatedLocations"]]
    expect("related locations: have different ids", len(set(ids)) == len(ids))
    expect("result: has a fingerprint", all(result["partialFingerprints"].values()))


def check_sarif(text, bugs):
    log = json.loads(text)
    expect("SARIF version: is 2.1.0", log["version"] == "2.1.0")
    expect("$schema: names the SARIF version", "sarif-schema-2.1.0" in log["$schema"])
    expect("runs: there is one", len(log["runs"]) == 1)
    run = log["runs"][0]
    driver = run["tool"]["driver"]
    expect("driver: has a name and a version", driver["name"] and driver["version"])
    for rule in driver["rules"]:
        for key in "shortDescription", "fullDescription", "help":
            expect(f"rule {rule['id']}: has {key}", rule[key]["text"])
    expect("rules: are nine, with different ids", len({rule["id"] for rule in driver["rules"]}) == 9)
    expect("invocation: was successful", run["invocations"][0]["executionSuccessful"] is True)
    expect("notifications: the first one names the level", "level" in
        run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"])
    expect("results: there is one for each bug", len(run["results"]) == len(bugs))
    for result, bug in zip(run["results"], bugs):
        check_result(result, driver["rules"], bug)


def check_junit(text, bugs):
    suites = tree.fromstring(text)
    suite = suites.find("testsuite")
    cases = suite.findall("testcase")
    failed = [case for case in cases if case.find("failure") is not None]
    skipped = [case for case in cases if case.find("skipped") is not None]
    for element in suites, suite:
        expect("attribute tests: is the number of test cases", int(element.get("tests")) == len(cases))
        expect("attribute failures: is the number of failed cases", int(element.get("failures")) == len(failed))
        expect("attribute skipped: is the number of skipped cases", int(element.get("skipped")) == len(skipped))
        expect("attribute time: is not negative", float(element.get("time")) >= 0)
    expect("test cases: have different names", len({case.get("name") for case in cases}) == len(cases))
    expect("test cases: each has a classname", all(case.get("classname") for case in cases))
    of_bugs = [case for case in failed if case.find("failure").get("type")]
    expect("failed test cases with a type: there is one for each bug", len(of_bugs) == len(bugs))
    for case, bug in zip(of_bugs, bugs):
        expect("failure: its type is the bug's cause", case.find("failure").get("type") == bug["cause"])
        place = case.get("file").rpartition("/")[2] + ":" + case.get("line") + " "
        expect("attributes file and line: are those of the lost store", place in bug["lost"]["place"])
        expect("failure: its message has the output of the check", bug["output"] is None or
            bug["output"] in case.find("failure").get("message"))
    expect("system-out: has the report as text", "BUG 1 " in suite.find("system-out").text or not bugs)


def check_bars(row):
    """Checks that the bars of a row touch, and that neighbouring bars show different states."""
    bars = [(float(bar.get("x")), float(bar.get("width")), bar.get("class"))
        for bar in row.findall("{*}rect")]
    for (x, width, kind), (after, _, next_kind) in zip(bars, bars[1:]):
        expect("bars: each begins where its left neighbour ends", x + width == after)
        expect("bars: neighbours have different states", kind != next_kind)


def check_panel(panel, bug):
    text = "\n".join(element.text for element in panel.findall(".//{*}text") if element.text)
    rows = panel.findall("{*}g[@class='row']")
    lines = {(store["file"], store["offset"] // 64) for store in (bug["lost"], bug["early"])}
    expect("rows: there is one for each cache line", len(rows) == len(lines))
    for row in rows:
        check_bars(row)
        expect("row: has stores", row.findall("{*}circle"))
    for role in "lost", "early":
        rings = panel.findall(f".//{{*}}circle[@class='ring {role}']")
        expect(f"{role} store: one circle has its ring", len(rings) == 1)
        expect(f"{role} store: its line of source is beside it", f"{role}: " in text)
        expect(f"{role} store: its calls are in the list", bug[role]["place"][:40] in text)
    cuts = panel.findall("{*}line[@class='cut']")
    expect("the line of the crash: there is one", len(cuts) == 1)
    pale = panel.findall("{*}text[@class='item pale']")
    expect("pale text: one of its first four items is what comes after the crash", pale and
        bug["crash"][:40] in [item.text for item in pale][:4])
    numbers = panel.findall("{*}circle[@class='number']")
    expect("the line of the crash: is right of all numbered events", numbers and
        max(float(number.get("cx")) for number in numbers) < float(cuts[0].get("x1")))
    expect("text: names the cause and the repair", bug["cause"] in text and "Repair: " in text)


def check_svg(text, bugs):
    picture = tree.fromstring(text)
    expect("root element: is svg", picture.tag == "{http://www.w3.org/2000/svg}svg")
    width, height = float(picture.get("width")), float(picture.get("height"))
    for element in picture.findall(".//{*}text"):
        expect(f"text is inside the picture: {element.text}",
            0 <= float(element.get("x")) < width and 0 <= float(element.get("y")) < height)
    panels = picture.findall("{*}g[@class='bug']")
    expect("panels: there is one for each bug", len(panels) == len(bugs))
    expect("legend: is there if and only if there is a bug",
        len(picture.findall("{*}g[@class='legend']")) == bool(bugs))
    for panel, bug in zip(panels, bugs):
        check_panel(panel, bug)


def check_sarif_failure(text, _):
    run = json.loads(text)["runs"][0]
    invocation = run["invocations"][0]
    expect("a failed run: has no results", "results" not in run)
    expect("a failed run: its invocation was not successful", invocation["executionSuccessful"] is False)
    expect("a failed run: its exit code is 4", invocation["exitCode"] == 4)
    note = invocation["toolExecutionNotifications"][0]
    expect("notification: its level is error", note["level"] == "error")
    expect("notification: has the message of the error", "there is no program" in note["message"]["text"])


def check_junit_failure(text, _):
    suite = tree.fromstring(text).find("testsuite")
    error = suite.find("testcase/error")
    expect("attribute errors: is 1", suite.get("errors") == "1")
    expect("element error: has the message of the error", "there is no program" in error.get("message"))
    expect("element error: its type names the exit status", error.get("type") == "exit 4")


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
