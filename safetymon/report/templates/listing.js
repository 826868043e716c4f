// The listing of events and the profile of a subject, from the JSON beside them. Every text goes
// in as textContent: terms come from the data and are hostile.
(function () {
  "use strict";
  var PAGE = 50;
  var MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  var DEGREES = { mild: 1, moderate: 2, severe: 3 };
  var COLUMNS = [
    ["Subject", "subject"], ["Record", "key"], ["Preferred term", "pt"],
    ["Treatment at onset", "treatment"], ["Study day", "study_day"], ["Onset", "onset"],
    ["Severity", "severity"], ["Serious", "serious"], ["Related", "related"],
    ["Outcome", "outcome"], ["Adjudication", "adjudication"], ["Counts in", "groups"]
  ];
  var MORE = [["Reported as", "term"], ["Period", "period"], ["Action taken", "action"]];
  var NUMBERS = ["study_day", "emergent", "serious", "related", "is_new"]; // not words
  var SVG = "http://www.w3.org/2000/svg";

  function id(name) { return document.getElementById(name); }
  var data = JSON.parse(id("cases").textContent);
  var list = id("listing"), profile = id("profile");
  var chosen = null, before = null, opener = null, page = 0, order = { field: "", down: false };

  function word(value) { return typeof value === "number" ? data.words[value] : value; }
  function read(names, rows) {
    return rows.map(function (row) {
      var made = {};
      names.forEach(function (name, i) {
        var value = row[i];
        made[name] = NUMBERS.indexOf(name) >= 0 ? value
          : Array.isArray(value) ? value.map(word) : word(value);
      });
      return made;
    });
  }
  var events = read(data.fields, data.events);
  var exposure = read(["subject", "period", "treatment", "start", "last", "until"], data.exposure);
  var people = read(["subject", "arm", "randomised", "left", "died"], data.people);
  var rules = read(["rule", "topic", "group", "estimand", "adjudicated"], data.rules);
  var cutoff = word(data.cutoff), treatments = data.treatments.map(word);

  function make(name, text) {
    var made = document.createElement(name);
    if (text !== undefined) { made.textContent = text; }
    return made;
  }
  function day(iso) {
    if (!iso) { return "–"; }
    var parts = iso.split("-");
    return parts[2] + " " + MONTHS[parts[1] - 1] + " " + parts[0];
  }
  function plural(n, noun) { return n.toLocaleString("en") + " " + noun + (n === 1 ? "" : "s"); }
  function flag(value) { return value === null ? "not recorded" : value ? "yes" : "no"; }
  function upper(text) { return (text || "").toUpperCase(); }

  // How a cell reads, and what it is sorted by.
  function shown(event, field) {
    var value = event[field];
    if (field === "serious" || field === "related") { return flag(value); }
    if (field === "groups") { return event.emergent ? value.join("; ") || "no group" : "–"; }
    if (field === "onset") {
      return day(value) + (event.partial === null ? "" : " (recorded: " + event.partial + ")");
    }
    if (field === "treatment" && value === null) { return "none"; }
    return value === null ? "–" : String(value);
  }
  function key(event, field) {
    if (field === "severity") { return DEGREES[event[field]] || 0; }
    if (field === "study_day") { return event[field]; }
    return field === "onset" ? event[field] || "" : shown(event, field).toLowerCase();
  }

  // Which events a choice means: as the tables and the rules count them.
  function counts(event, estimand) {
    function yes(value) { return value === null ? data.conservative : value; }
    return (estimand.indexOf("related") < 0 || yes(event.related))
      && (estimand.indexOf("serious") < 0 || yes(event.serious));
  }
  function ofRule(event, rule) {
    var topics = rule.adjudicated ? event.topics : event.topics_by_terms;
    return event.emergent && topics.indexOf(rule.topic) >= 0 && counts(event, rule.estimand)
      && (rule.group === data.everybody || event.groups.indexOf(rule.group) >= 0);
  }
  function ruleOf(choice) {
    return choice && choice.kind === "rule"
      && rules.find(function (rule) { return rule.rule === choice.value; });
  }
  function isChosen(event) {
    if (!chosen) { return true; }
    var value = chosen.value;
    switch (chosen.kind) {
      case "topic": return event.topics.indexOf(value) >= 0;
      case "pt": return upper(event.pt) === upper(value);
      case "soc": return upper(event.soc || "(no SOC)") === upper(value);
      default: return true;
    }
  }
  function estimand() {
    var box = document.querySelector("input[name=estimand]:checked");
    return box ? box.value : "all";
  }
  function asked() {
    var rule = ruleOf(chosen), group = id("listing-group").value;
    var every = id("listing-emergent").value === "all", fresh = id("listing-new").checked;
    var words = id("listing-search").value.toLowerCase().split(/\s+/).filter(Boolean);
    return events.filter(function (event) {
      if (rule ? !ofRule(event, rule) : !(isChosen(event) && counts(event, estimand()))) {
        return false;
      }
      if (!every && !event.emergent || fresh && !event.is_new) { return false; }
      if (group && event.groups.indexOf(group) < 0) { return false; }
      var text = COLUMNS.concat(MORE).map(function (c) { return shown(event, c[1]); })
        .join(" ").toLowerCase();
      return words.every(function (one) { return text.indexOf(one) >= 0; });
    });
  }
  function sorted(rows) {
    if (!order.field) { return rows; }
    return rows.slice().sort(function (a, b) {
      var x = key(a, order.field), y = key(b, order.field);
      return (x < y ? -1 : x > y ? 1 : 0) * (order.down ? -1 : 1);
    });
  }

  function cells(event, columns) {
    var row = make("tr");
    columns.forEach(function (column, i) {
      var cell = make(i ? "td" : "th");
      if (!i) { cell.scope = "row"; }
      if (column[1] === "subject") {
        var button = make("button", event.subject);
        button.type = "button";
        button.className = "pick";
        button.dataset.subject = event.subject;
        cell.appendChild(button);
      } else {
        cell.textContent = shown(event, column[1]);
        cell.className = column[1] === "study_day" ? "n" : column[1];
      }
      row.appendChild(cell);
    });
    return row;
  }
  function fill(table, rows, columns) {
    var body = table.querySelector("tbody");
    body.textContent = "";
    rows.forEach(function (event) { body.appendChild(cells(event, columns)); });
  }
  function head(table, columns) {
    var row = table.querySelector("thead tr");
    columns.forEach(function (column) {
      var cell = make("th", column[0]);
      cell.scope = "col";
      row.appendChild(cell);
    });
    return row;
  }

  function about() {
    var rule = ruleOf(chosen);
    if (rule) {
      return rule.rule + " (" + rule.topic + ", " + rule.group + ", " + rule.estimand + " events"
        + (rule.adjudicated ? "" : ", by terms alone") + ")";
    }
    return (chosen ? chosen.value : "Every term") + ", " + estimand() + " events";
  }
  function show() {
    var rows = sorted(asked()), pages = Math.max(1, Math.ceil(rows.length / PAGE));
    var who = new Set(rows.map(function (event) { return event.subject; }));
    page = Math.min(Math.max(page, 0), pages - 1);
    fill(id("listing-table"), rows.slice(page * PAGE, (page + 1) * PAGE), COLUMNS);
    id("listing-picked").textContent = about();
    id("listing-clear").hidden = !chosen;
    id("listing-count").textContent = plural(who.size, "subject") + ", "
      + plural(rows.length, "event");
    id("listing-page").textContent = "Page " + (page + 1) + " of " + pages;
    document.querySelectorAll(".pager button").forEach(function (button) {
      var back = button.dataset.page === "first" || button.dataset.page === "back";
      button.disabled = back ? page === 0 : page === pages - 1;
    });
    list.dataset.shown = String(rows.length);
  }
  function anew() { page = 0; show(); }
  function select(kind, value) {
    document.dispatchEvent(new CustomEvent("safetymon:select",
      { detail: { kind: kind, value: value, from: "listing" } }));
  }

  // The profile: bars of exposure and lines of events over days, and the same events as a table.
  function draw(name, attributes, text) {
    var made = document.createElementNS(SVG, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (text !== undefined) { made.textContent = text; }
    return made;
  }
  function number(iso) { return Date.parse(iso + "T00:00:00Z") / 86400000; }
  function isoOf(days) { return new Date(days * 86400000).toISOString().slice(0, 10); }
  function dayOf(days) { return days < 0 ? days : days + 1; } // there is no day 0
  function short(text) { return text.length > 30 ? text.slice(0, 29) + "…" : text; }
  function lanes(taken) {
    return taken.map(function (row) { return row.treatment; })
      .filter(function (name, i, all) { return all.indexOf(name) === i; });
  }
  function timeline(person, taken, had) {
    var names = lanes(taken), left = 220, width = 900, line = 18, top = 34;
    var dates = [].concat(taken.map(function (r) { return r.start; }),
      taken.map(function (r) { return r.until; }), had.map(function (e) { return e.onset; }),
      [person.left, person.died]).filter(Boolean).map(number);
    var first = Math.min.apply(null, dates), last = Math.max.apply(null, dates);
    var height = top + (names.length + had.length) * line + 10;
    var svg = draw("svg", { viewBox: "0 0 " + width + " " + height, role: "img",
      "aria-labelledby": "profile-drawn" });
    var begun = number(taken[0].start);
    function x(days) { return left + (days - first) / Math.max(1, last - first) * (width - left - 30); }
    function y(place) { return top + place * line + line / 2; }
    function add(name, attributes, text) { svg.appendChild(draw(name, attributes, text)); }
    add("title", { id: "profile-drawn" },
      "Exposure and events of subject " + person.subject + " by date; the table below has the same.");
    for (var i = 0; i <= 4; i += 1) {
      var at = Math.round(first + (last - first) * i / 4);
      add("line", { x1: x(at), x2: x(at), y1: top - 6, y2: height, "class": "grid" });
      add("text", { x: x(at), y: top - 14, "text-anchor": i === 4 ? "end" : "middle" },
        day(isoOf(at)) + (i ? "" : ", day " + dayOf(at - begun)));
    }
    names.forEach(function (name, place) {
      add("text", { x: 0, y: y(place) + 4, "class": "lane" }, short(name));
      taken.filter(function (r) { return r.treatment === name; }).forEach(function (r) {
        var from = number(r.start), dosed = number(r.last), until = number(r.until);
        add("rect", { x: x(from), width: Math.max(1, x(until) - x(from)), y: y(place) - 5,
          height: 10, "class": "lag" });
        add("rect", { x: x(from), width: Math.max(2, x(dosed) - x(from)), y: y(place) - 5,
          height: 10, "class": "taken lane-" + treatments.indexOf(name) % 3 });
      });
    });
    had.forEach(function (event, i) {
      var place = names.length + i, from = number(event.onset || isoOf(first));
      var open = !event.end, until = Math.min(last, number(event.end || cutoff));
      add("text", { x: 0, y: y(place) + 4 }, short(event.pt));
      add("line", { x1: x(from), x2: Math.max(x(from), x(until)), y1: y(place), y2: y(place),
        "class": open ? "event open" : "event" });
      add("circle", { cx: x(from), cy: y(place), r: 3 + (DEGREES[event.severity] || 1),
        "class": event.serious ? "serious" : "mild" });
    });
    [["left", "left the study"], ["died", "died"]].forEach(function (mark) {
      if (!person[mark[0]]) { return; }
      var at = x(number(person[mark[0]]));
      add("line", { x1: at, x2: at, y1: top - 6, y2: height, "class": "end" });
      add("text", { x: at - 4, y: height - 2, "text-anchor": "end" }, mark[1]);
    });
    return svg;
  }
  function facts(person, taken, had) {
    var serious = had.filter(function (event) { return event.serious; }).length;
    return [["Randomised to", person.arm || "not recorded"], ["Randomised", day(person.randomised)],
      ["First dose", day(taken[0].start)], ["Last dose", day(taken[taken.length - 1].last)],
      ["Left the study", day(person.left)], ["Died", day(person.died)],
      ["Events", String(had.length)], ["Serious", String(serious)]];
  }
  function open(subject) {
    var mine = function (row) { return row.subject === subject; };
    var person = people.find(mine);
    if (!person) { return; }
    var taken = exposure.filter(mine), had = events.filter(mine);
    id("profile-title").textContent = "Subject " + subject;
    var box = id("profile-facts");
    box.textContent = "";
    facts(person, taken, had).forEach(function (pair) {
      var one = make("div");
      one.appendChild(make("dt", pair[0]));
      one.appendChild(make("dd", pair[1]));
      box.appendChild(one);
    });
    var canvas = profile.querySelector(".timeline");
    canvas.textContent = "";
    canvas.appendChild(timeline(person, taken, had));
    canvas.appendChild(make("p", "Bars: exposure, from first to last dose; pale: the time after it "
      + "in which events still count. A line is an event from onset to end, dashed where no end is "
      + "recorded; a larger mark is more severe, a filled one serious."));
    fill(id("profile-table"), had, COLUMNS.slice(1).concat(MORE));
    list.hidden = true;
    profile.hidden = false;
    id("profile-title").focus();
  }
  function close() {
    profile.hidden = true;
    list.hidden = false;
    if (before) { select(before.kind, before.value); } else { select(null, null); }
    var back = opener && document.querySelector("[data-subject='" + CSS.escape(opener) + "']");
    if (back) { back.focus(); }
  }

  document.addEventListener("safetymon:select", function (event) {
    var detail = event.detail;
    if (detail.kind === "subject") {
      opener = detail.value;
      before = chosen;
      open(detail.value);
      return;
    }
    profile.hidden = true;
    list.hidden = false;
    chosen = detail.kind ? { kind: detail.kind, value: detail.value } : null;
    if (ruleOf(chosen)) { id("listing-group").value = ""; }
    anew();
    if (detail.from === "table" && detail.kind) {
      window.location.hash = "who";
      id("listing-clear").focus({ preventScroll: true });
    }
  });
  id("listing-table").addEventListener("click", function (event) {
    var button = event.target.closest("button");
    if (!button) { return; }
    if (button.dataset.subject) { select("subject", button.dataset.subject); return; }
    var field = button.dataset.field, same = order.field === field;
    order = same && order.down ? { field: "", down: false } : { field: field, down: same };
    document.querySelectorAll("#listing-table th[scope=col]").forEach(function (cell) {
      var mine = order.field && cell.firstChild.dataset.field === order.field;
      if (mine) { cell.setAttribute("aria-sort", order.down ? "descending" : "ascending"); }
      else { cell.removeAttribute("aria-sort"); }
    });
    anew();
  });
  document.querySelector(".pager").addEventListener("click", function (event) {
    var to = event.target.dataset.page;
    if (!to) { return; }
    page = { first: 0, back: page - 1, on: page + 1, last: 1e9 }[to];
    show();
  });
  profile.addEventListener("keydown", function (event) {
    if (event.key === "Escape") { event.stopPropagation(); close(); } // and no choice is let go
  });
  id("profile-close").addEventListener("click", close);
  id("listing-clear").addEventListener("click", function () { select(null, null); });
  ["listing-search", "listing-group", "listing-emergent", "listing-new"].forEach(function (name) {
    id(name).addEventListener("input", anew);
  });
  document.querySelectorAll("input[name=estimand]").forEach(function (input) {
    input.addEventListener("change", anew);
  });

  data.groups.map(word).forEach(function (name) {
    var choice = make("option", name);
    choice.value = name;
    id("listing-group").appendChild(choice);
  });
  head(id("listing-table"), COLUMNS).querySelectorAll("th").forEach(function (cell, i) {
    var button = make("button", cell.textContent);
    button.type = "button";
    button.className = "sort";
    button.dataset.field = COLUMNS[i][1];
    cell.textContent = "";
    cell.appendChild(button);
  });
  head(id("profile-table"), COLUMNS.slice(1).concat(MORE));
  id("listing-off").hidden = true;
  list.hidden = false;
  show();
}());
