// Every table: sorted by its heads, searched by a box, and narrowed to what a reader has chosen.
// The rows stay where they are; a row that is out is not shown, and is printed all the same.
(function () {
  "use strict";
  var SEARCHED = 8;
  var MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec";
  var POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹";
  var tables = [];

  function array(list) { return Array.prototype.slice.call(list); }
  function select(kind, value, from) {
    document.dispatchEvent(new CustomEvent("safetymon:select",
      { detail: { kind: kind, value: value, from: from } }));
  }
  function button(text, name) {
    var made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.textContent = text;
    return made;
  }

  // What a cell is sorted by: a number where it begins with one, a date, else its text. Cells that
  // hold no value (n.e., –) come last whichever way.
  function value(cell) {
    var text = cell ? cell.textContent.trim() : "";
    if (text === "" || text === "–" || text === "n.e." || text === "not recorded") { return null; }
    var date = /^(\d\d) ([A-Z][a-z]{2}) (\d{4})$/.exec(text);
    if (date) { return date[3] * 400 + MONTHS.indexOf(date[2]) / 3 * 31 + Number(date[1]); }
    var tens = /^([\d.]+) × 10([⁰¹²³⁴⁵⁶⁷⁸⁹]+)/.exec(text);
    if (tens) {
      var power = array(tens[2]).map(function (c) { return POWERS.indexOf(c); }).join("");
      return Number(tens[1]) * Math.pow(10, Number(power));
    }
    var number = /^([<>+−-]?)([\d,]*\.?\d+)/.exec(text);
    if (!number) { return text.toLowerCase(); }
    var size = Number(number[2].replace(/,/g, ""));
    if (number[1] === "−" || number[1] === "-") { return -size; }
    return number[1] === "<" ? size * 0.999999 : number[1] === ">" ? size * 1.000001 : size;
  }
  function compared(a, b, sign) {
    if (a === null || b === null) { return (a === null) - (b === null); }
    if (typeof a !== typeof b) { return typeof a === "number" ? -1 : 1; }
    if (typeof a === "string") { return sign * a.localeCompare(b, "en", { numeric: true }); }
    return sign * (a - b);
  }

  // A row with the sentence below it is one.
  function units(body) {
    var made = [];
    array(body.rows).forEach(function (row) {
      if (row.classList.contains("heading")) { return; }
      if (row.classList.contains("detail")) { made[made.length - 1].rows.push(row); }
      else { made.push({ rows: [row], place: made.length }); }
    });
    return made;
  }
  function sort(one, column, direction) {
    one.bodies.forEach(function (body) {
      var sign = direction === "descending" ? -1 : 1;
      var keyed = body.units.map(function (unit) {
        return { unit: unit, key: value(unit.rows[0].cells[column]) };
      });
      keyed.sort(function (a, b) {
        return direction && compared(a.key, b.key, sign) || a.unit.place - b.unit.place;
      });
      keyed.forEach(function (row) {
        row.unit.rows.forEach(function (tr) { body.element.appendChild(tr); });
      });
    });
  }
  function sortable(one) {
    var heads = array(one.element.tHead.rows[one.element.tHead.rows.length - 1].cells);
    heads.forEach(function (head) {
      var made = button(head.textContent, "sort");
      head.textContent = "";
      head.appendChild(made);
    });
    one.element.tHead.addEventListener("click", function (event) {
      var pressed = event.target.closest("button.sort");
      if (!pressed) { return; }
      var head = pressed.parentNode, was = head.getAttribute("aria-sort");
      var turns = head.classList.contains("n") ? ["descending", "ascending"]
        : ["ascending", "descending"];
      var now = was === null ? turns[0] : was === turns[0] ? turns[1] : "";
      heads.forEach(function (other) { other.removeAttribute("aria-sort"); });
      if (now) { head.setAttribute("aria-sort", now); }
      sort(one, heads.indexOf(head), now);
    });
  }

  // A row is in where every word sought stands in it (or in the heading of its block), and where it
  // is what a reader has chosen, if the table's rows are of that kind.
  function name(unit) {
    var cell = unit.rows[0].cells[0], link = cell.querySelector("a");
    return (link || cell).textContent.trim();
  }
  function isChosen(one, body, unit, choice) {
    if (!choice) { return true; }
    if (body.topic && choice.kind === "topic") { return body.topic === choice.value; }
    return one.kind !== choice.kind || name(unit) === choice.value;
  }
  function narrow(one) {
    var words = one.search ? one.search.value.toLowerCase().split(/\s+/).filter(Boolean) : [];
    var shown = 0, all = 0;
    one.bodies.forEach(function (body) {
      var left = 0;
      body.units.forEach(function (unit) {
        var text = body.heading + " " + unit.rows.map(function (row) { return row.textContent; })
          .join(" ").toLowerCase();
        var isIn = isChosen(one, body, unit, one.choice)
          && words.every(function (word) { return text.indexOf(word) >= 0; });
        unit.rows.forEach(function (row) { row.classList.toggle("out", !isIn); });
        left += isIn;
      });
      body.element.classList.toggle("out", body.units.length > 0 && left === 0);
      shown += left;
      all += body.units.length;
    });
    if (one.count) {
      one.count.textContent = shown === all ? "" : shown + " of " + all + " rows shown";
    }
  }
  function searchable(one) {
    var bar = document.createElement("p"), label = document.createElement("label");
    one.search = document.createElement("input");
    one.search.type = "search";
    one.search.autocomplete = "off";
    label.textContent = "Search table " + one.number + " ";
    label.appendChild(one.search);
    one.count = document.createElement("span");
    one.count.setAttribute("role", "status");
    bar.className = "find";
    bar.appendChild(label);
    bar.appendChild(one.count);
    one.box.parentNode.insertBefore(bar, one.box);
    one.search.addEventListener("input", function () { narrow(one); });
  }

  // Names that can be chosen become buttons; a rule, whose name leads to its evidence, gets one of
  // its own, in the closed report, where there is a listing for it to lead to.
  function choosable(one) {
    var listed = document.getElementById("listing");
    one.bodies.forEach(function (body) {
      if (body.topic) { wrap(body.element.rows[0].cells[0], "topic", body.topic); }
      if (one.kind && one.kind !== "rule") {
        body.units.forEach(function (unit) { wrap(unit.rows[0].cells[0], one.kind, name(unit)); });
      } else if (one.kind && listed) {
        body.units.forEach(function (unit) {
          var row = unit.rows[unit.rows.length - 1], last = unit.rows.length > 1;
          if (last) { listing(row.cells[0].firstChild, name(unit)); }
        });
      }
    });
  }
  function wrap(cell, kind, chosen) {
    var made = button("", "pick");
    made.dataset.kind = kind;
    made.dataset.value = chosen;
    var text = cell.firstChild;
    if (!text || text.nodeType !== 3) { return; }
    made.textContent = text.data;
    cell.replaceChild(made, text);
  }
  function listing(place, rule) {
    var made = button("List the subjects", "pick");
    made.dataset.kind = "rule";
    made.dataset.value = rule;
    made.setAttribute("aria-label", "List the subjects of " + rule);
    place.appendChild(document.createTextNode(" "));
    place.appendChild(made);
  }

  function table(element) {
    var box = element.closest(".scroll");
    var bodies = array(element.tBodies).map(function (body) {
      var first = body.rows[0], has = first && first.classList.contains("heading");
      return { element: body, units: units(body), topic: body.dataset.topic || "",
        heading: has ? first.textContent.toLowerCase() : "" };
    });
    var rows = bodies.reduce(function (n, body) { return n + body.units.length; }, 0);
    var number = /\d+(\.\d+)?/.exec(element.caption.textContent);
    var one = { element: element, box: box, bodies: bodies, kind: element.dataset.rows || "",
      number: number ? number[0] : "", choice: null };
    if (rows > 1) { sortable(one); }
    if (rows >= SEARCHED) { searchable(one); }
    choosable(one);
    tables.push(one);
  }

  array(document.querySelectorAll("table:not([data-own])")).forEach(table);
  if (document.getElementById("listing")) {
    array(document.querySelectorAll("[data-rule]")).forEach(function (place) {
      listing(place, place.dataset.rule);
    });
  }
  document.addEventListener("click", function (event) {
    var pressed = event.target.closest("button.pick[data-kind]");
    if (pressed) { select(pressed.dataset.kind, pressed.dataset.value, "table"); }
  });
  document.addEventListener("safetymon:select", function (event) {
    var detail = event.detail;
    if (detail.kind === "subject") { return; }
    tables.forEach(function (one) {
      one.choice = detail.kind ? { kind: detail.kind, value: detail.value } : null;
      narrow(one);
    });
    array(document.querySelectorAll("button.pick[data-kind]")).forEach(function (made) {
      var mine = made.dataset.kind === detail.kind && made.dataset.value === detail.value;
      made.setAttribute("aria-pressed", String(mine));
    });
  });
}());
