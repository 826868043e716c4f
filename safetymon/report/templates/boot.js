// Draws the charts, those in sight first, and links them: what is chosen in one of them, in a table
// or in the listing is told as an event "safetymon:select" on the document, {kind, value}, which
// all of them follow. {kind: null} chooses nothing.
(function () {
  "use strict";
  var SELECT = "safetymon:select";
  var NARROW = 640; // pixels: room for one panel only
  var drawn = [];
  var chosen = { kind: null, value: null };

  function all(selector, within) {
    return Array.prototype.slice.call((within || document).querySelectorAll(selector));
  }

  // As wide as the page. Vega-Lite's width "container" would do the same, but warns in the console
  // about every chart whose height follows the number of its lines.
  function fitted(chart) {
    (chart.marks || []).concat(chart).forEach(function (part) {
      (part.axes || []).forEach(function (axis) {
        if (axis.orient === "left" && axis.labels !== false) { // labels can be clicked
          axis.encode = axis.encode || {};
          axis.encode.labels = Object.assign({ interactive: true }, axis.encode.labels);
        }
      });
    });
    if (chart.layout) { return chart; } // panels get their widths one by one
    var width = "isFinite(containerSize()[0]) ? containerSize()[0] : 200";
    var follow = { name: "width", init: width, on: [{ events: "window:resize", update: width }] };
    delete chart.width;
    chart.autosize = { type: "fit-x", contains: "padding" };
    chart.signals = [follow].concat(chart.signals || []);
    return chart;
  }

  var options = {
    mode: "vega-lite", ast: true, renderer: "svg", actions: false, defaultStyle: false,
    patch: fitted, tooltip: { theme: "custom", disableDefaultStyle: true }
  };

  // Panels stand beside each other, or one below the other where there is no room.
  function stacked(spec) {
    spec.vconcat = spec.hconcat;
    delete spec.hconcat;
    labelled(spec.vconcat[0], spec.vconcat[1]);
  }

  // What stands around the panels of a chart has its own width: they share what is left of the room.
  function settle(made) {
    var svg = made.figure.querySelector(".canvas svg");
    var room = made.figure.querySelector(".canvas").clientWidth;
    var spare = room - Number(svg.getAttribute("width"));
    if (!made.panels || !room || Math.abs(spare) < 4) { return null; }
    var width = made.view.signal(made.width) + Math.floor(spare / made.panels);
    return made.view.signal(made.width, Math.max(50, width)).resize().runAsync();
  }

  function labelled(from, to) {
    function bands(panel) {
      return panel.layer.filter(function (layer) { return layer.encoding && layer.encoding.y; })[0];
    }
    bands(to).encoding.y.axis = bands(from).encoding.y.axis;
  }

  function estimand() {
    return document.querySelector("input[name=estimand]:checked").value;
  }

  function value(figure) {
    return chosen.kind && chosen.kind === figure.dataset.kind ? chosen.value : null;
  }

  function set(made, name, to) {
    if (made.names[name]) { made.view.signal(name, to).runAsync(); }
  }

  // The lines of subjects are numbered.
  function label(figure, text) {
    return figure.dataset.kind === "subject" ? text.slice(4) : text;
  }

  // What a click on a mark or on a label means.
  function picked(figure, item) {
    if (figure.dataset.value) { return figure.dataset.value; }
    if (!item || !item.datum) { return null; }
    if (item.mark.role === "axis-label") { return label(figure, item.datum.value); }
    return item.datum[figure.dataset.kind === "subject" ? "subject" : "term"] || null;
  }

  function choose(kind, what) {
    var same = chosen.kind === kind && chosen.value === what; // a second click lets go
    var detail = same || !what ? { kind: null, value: null } : { kind: kind, value: what };
    document.dispatchEvent(new CustomEvent(SELECT, { detail: detail }));
  }

  function listen(figure, view) {
    if (!figure.dataset.kind) { return; }
    view.addEventListener("click", function (event, item) {
      var what = picked(figure, item);
      if (typeof what === "string") { choose(figure.dataset.kind, what); }
    });
  }

  // One picture with one description: its numbers are in the table, mark by mark they say nothing.
  function described(canvas, text) {
    var svg = canvas.querySelector("svg");
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", text);
    svg.removeAttribute("aria-roledescription");
    Array.prototype.forEach.call(svg.children, function (part) {
      part.setAttribute("aria-hidden", "true");
    });
  }

  function draw(figure) {
    var spec = JSON.parse(figure.querySelector("script").textContent);
    var canvas = figure.querySelector(".canvas");
    var names = {};
    (spec.params || []).forEach(function (param) {
      names[param.name] = true;
      param.value = param.name === "estimand" ? estimand() : value(figure);
    });
    if (spec.hconcat && canvas.clientWidth < NARROW) { stacked(spec); }
    return vegaEmbed(canvas, spec, options).then(function (result) {
      var made = {
        view: result.view, figure: figure, names: names,
        panels: spec.vconcat ? 1 : (spec.hconcat || []).length,
        width: spec.vconcat ? "width" : "childWidth"
      };
      drawn.push(made);
      listen(figure, result.view);
      described(canvas, spec.description);
      return settle(made);
    }).catch(function (error) {
      canvas.textContent = "This chart could not be drawn. Its numbers are in the table.";
      console.error(error);
    });
  }

  // Charts in sight or near it come first, the others when the browser has nothing else to do. A
  // page that is opened at an anchor is there before anything is in sight, not some frames later.
  var anchor = document.getElementById(window.location.hash.slice(1));
  if (anchor) { anchor.scrollIntoView(); }
  var waiting = all("figure.chart"), near = [], running = false, first = true;

  function next() {
    var hurried = waiting.filter(function (figure) { return near.indexOf(figure) >= 0; });
    var figure = hurried[0] || waiting[0];
    if (!figure) {
      document.documentElement.dataset.charts = "drawn";
      return;
    }
    waiting.splice(waiting.indexOf(figure), 1);
    draw(figure).then(function () {
      if (first) { performance.mark("safetymon:first-chart"); first = false; }
      if (hurried.length > 1 || !window.requestIdleCallback) { setTimeout(next); return; }
      window.requestIdleCallback(next, { timeout: 300 });
    });
  }

  var watch = new IntersectionObserver(function (entries) {
    near = entries.reduce(function (known, entry) {
      var others = known.filter(function (figure) { return figure !== entry.target; });
      return entry.isIntersecting ? others.concat(entry.target) : others;
    }, near);
    if (!running) { running = true; next(); }
  }, { rootMargin: "100% 0px" });
  waiting.forEach(function (figure) { watch.observe(figure); });

  window.addEventListener("resize", function () { drawn.forEach(settle); });

  all("input[name=estimand]").forEach(function (input) {
    input.addEventListener("change", function () {
      drawn.forEach(function (made) { set(made, "estimand", estimand()); });
    });
  });

  // What is chosen is said above the page, and charts about something else step aside.
  var showing = document.querySelector(".showing");
  var topics = document.getElementById("choose-topic");

  function follow() {
    var aside = chosen.kind === "topic" ? chosen.value : null;
    showing.hidden = chosen.kind === null;
    showing.querySelector("b").textContent = chosen.value || "";
    topics.value = aside || "";
    all("figure.chart[data-value]").forEach(function (figure) {
      figure.classList.toggle("unchosen", aside !== null && figure.dataset.value !== aside);
    });
    drawn.forEach(function (made) { set(made, "chosen", value(made.figure)); });
    window.dispatchEvent(new Event("resize")); // charts that come back take their width anew
  }

  function clear() { choose(null, null); }

  document.addEventListener(SELECT, function (event) {
    chosen = { kind: event.detail.kind, value: event.detail.value };
    follow();
  });
  showing.querySelector("button").addEventListener("click", clear);
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape" && chosen.kind) { clear(); }
  });
  topics.parentNode.hidden = false;
  topics.addEventListener("change", function () {
    if (topics.value) { choose("topic", topics.value); } else { clear(); }
  });

  // Many rules are shown one at a time. The others stay laid out, unseen: their charts are drawn as
  // wide as they will be, and a printout holds them all.
  function choosable(box) {
    var chooser = box.querySelector(".chooser");
    var select = chooser.querySelector("select");
    var cards = all("article", box);
    function pick() {
      cards.forEach(function (card) { card.classList.toggle("aside", card.id !== select.value); });
    }
    chooser.hidden = false;
    select.addEventListener("change", pick);
    all("a[href^='#']").forEach(function (link) {
      var card = document.getElementById(link.hash.slice(1));
      if (cards.indexOf(card) < 0) { return; }
      link.addEventListener("click", function () { select.value = card.id; pick(); });
    });
    if (cards.indexOf(anchor) >= 0) { select.value = anchor.id; }
    pick();
  }
  all("[data-choose]").forEach(choosable);
}());
