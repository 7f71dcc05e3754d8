// Draws each figure when it comes into view, so that a page of many figures opens at once.
(function () {
  "use strict";
  var store = JSON.parse(document.getElementById("figure-data").textContent);
  var nodes = Array.prototype.slice.call(document.querySelectorAll(".figure[data-figure]"));

  function draw(node) {
    var figure = store.figures[node.dataset.figure];
    if (!figure || node.dataset.drawn) { return; }
    node.dataset.drawn = "yes";
    figure.layout.template = store.template;
    Plotly.newPlot(node, figure.data, figure.layout, store.config);
  }

  if ("IntersectionObserver" in window) {
    var observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting) {
          observer.unobserve(entry.target);
          draw(entry.target);
        }
      });
    }, { rootMargin: "400px" });
    nodes.forEach(function (node) { observer.observe(node); });
  } else {
    nodes.forEach(draw);
  }

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (fold) { fold.open = true; });
    nodes.forEach(draw);
  });
})();
