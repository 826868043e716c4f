(function () {
  "use strict";
  var views = [];

  // As wide as the page. Vega-Lite's width "container" would do the same, but warns in the console
  // about every chart whose height follows the number of its lines.
  function fitted(chart) {
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

  function chosen() {
    return document.querySelector("input[name=estimand]:checked").value;
  }

  function show(estimand) {
    views.forEach(function (view) { view.signal("estimand", estimand).runAsync(); });
  }

  function draw(figure) {
    var spec = JSON.parse(figure.querySelector("script").textContent);
    var canvas = figure.querySelector(".canvas");
    return vegaEmbed(canvas, spec, options).then(function (result) {
      if (spec.params) { views.push(result.view); }
    }).catch(function (error) {
      canvas.textContent = "This chart could not be drawn. Its numbers are in the table.";
      console.error(error);
    });
  }

  // Many rules are shown one at a time. The others stay laid out, unseen: their charts are drawn as
  // wide as they will be, and a printout holds them all.
  function choosable(box) {
    var chooser = box.querySelector(".chooser");
    var select = chooser.querySelector("select");
    var cards = Array.prototype.slice.call(box.querySelectorAll("article"));
    function pick() {
      cards.forEach(function (card) { card.classList.toggle("aside", card.id !== select.value); });
    }
    chooser.hidden = false;
    select.addEventListener("change", pick);
    document.querySelectorAll("a[href^='#']").forEach(function (link) {
      var card = document.getElementById(link.hash.slice(1));
      if (cards.indexOf(card) < 0) { return; }
      link.addEventListener("click", function () { select.value = card.id; pick(); });
    });
    var asked = document.getElementById(window.location.hash.slice(1));
    if (cards.indexOf(asked) >= 0) { select.value = asked.id; }
    pick();
  }
  document.querySelectorAll("[data-choose]").forEach(choosable);

  var figures = Array.prototype.slice.call(document.querySelectorAll("figure.chart"));
  figures.reduce(function (before, figure) {
    return before.then(function () { return draw(figure); });
  }, Promise.resolve()).then(function () {
    show(chosen());
    document.documentElement.dataset.charts = "drawn";
  });
  document.querySelectorAll("input[name=estimand]").forEach(function (input) {
    input.addEventListener("change", function () { show(chosen()); });
  });
}());
