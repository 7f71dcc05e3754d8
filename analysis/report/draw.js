// Draws each figure when it comes into view, so that a page of many figures opens at once; its downloads beside it.
(function () {
  "use strict";
  var store = JSON.parse(document.getElementById("figure-data").textContent);
  var nodes = Array.prototype.slice.call(document.querySelectorAll(".figure[data-figure]"));

  function draw(node) {
    var figure = store.figures[node.dataset.figure];
    if (!figure || node.dataset.drawn) { return Promise.resolve(node); }
    node.dataset.drawn = "yes";
    figure.layout.template = store.template;
    return Plotly.newPlot(node, figure.data, figure.layout, store.config);
  }

  function titleOf(layout, axis) {
    var own = layout[axis.replace(/^([xy])/, "$1axis")];
    return own && own.title ? own.title.text : "";
  }

  // Plotly reads a little HTML in names, so that they are escaped in the figure; in a table they are plain.
  function plain(text) {
    return new DOMParser().parseFromString(String(text), "text/html").documentElement.textContent;
  }

  // A band is one outline, out along its upper edge: x -> high. Its lower edge may be cut off for a logarithmic axis.
  function edges(trace, data) {
    var found = {};
    data.filter(function (one) {
      return one.fill === "toself" && one.legendgroup === trace.legendgroup && one.xaxis === trace.xaxis &&
        one.yaxis === trace.yaxis;
    }).forEach(function (band) {
      var n = band.x.length / 2;
      for (var i = 0; i < n; i += 1) { found[band.x[i]] = band.y[i]; }
    });
    return found;
  }

  function rowsOf(trace, figure) {
    var band = edges(trace, figure.data);
    var error = trace.error_y && trace.error_y.array;
    var names = [plain(trace.name || ""), plain(titleOf(figure.layout, trace.xaxis || "x")),
      plain(titleOf(figure.layout, trace.yaxis || "y"))];
    return trace.x.map(function (x, i) {
      var y = trace.y[i];
      var half = error ? error[i] : band[x] - y;
      var range = y !== null && Number.isFinite(half) ? [y - half, y + half] : ["", ""];
      return names.concat([typeof x === "string" ? plain(x) : x, y, range[0], range[1]]);
    });
  }

  function quoted(value) {
    var text = value === null || value === undefined ? "" : String(value);
    // a spreadsheet must not take a name for a formula
    if (typeof value === "string" && /^[=+\-@\t\r]/.test(text)) { text = "'" + text; }
    return /[",\n\r]/.test(text) ? '"' + text.replace(/"/g, '""') + '"' : text;
  }

  function csvOf(figure) {
    var rows = [["curve", "x_axis", "y_axis", "x", "y", "low_95", "high_95"]];
    figure.data.forEach(function (trace) {
      if (trace.fill !== "toself") { rows = rows.concat(rowsOf(trace, figure)); }
    });
    return rows.map(function (row) { return row.map(quoted).join(","); }).join("\r\n") + "\r\n";
  }

  function save(name, text, type) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([text], { type: type }));
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }

  function fileName(key) { return key.replace(/[^A-Za-z0-9._-]+/g, "_"); }

  function button(text, label, act) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", label);
    made.addEventListener("click", act);
    return made;
  }

  function equip(node) {
    var key = node.dataset.figure, figure = store.figures[key], tools = document.createElement("div");
    if (!figure) { return; }
    tools.className = "tools";
    tools.appendChild(button("SVG", "Download figure " + key + " as SVG", function () {
      draw(node).then(function () {
        Plotly.downloadImage(node, { format: "svg", filename: fileName(key), width: 700, height: figure.layout.height });
      });
    }));
    tools.appendChild(button("CSV", "Download the data of figure " + key + " as CSV", function () {
      save(fileName(key) + ".csv", csvOf(figure), "text/csv");
    }));
    node.parentNode.appendChild(tools);
  }

  nodes.forEach(equip);
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

  document.querySelectorAll("[data-copy]").forEach(function (one) {
    one.addEventListener("click", function () {
      save(one.dataset.name, document.getElementById(one.dataset.copy).textContent, "text/plain");
    });
  });

  var print = document.getElementById("print");
  if (print) { print.addEventListener("click", function () { window.print(); }); }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.licence)").forEach(function (fold) { fold.open = true; });
    nodes.forEach(draw);
  });
})();
