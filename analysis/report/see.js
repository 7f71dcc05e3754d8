// Puts a scene into Mol* in the place of its picture. The viewer is unpacked when it is first asked for, not before.
(function () {
  "use strict";
  var holder = document.getElementById("scene-data");
  var figures = Array.prototype.slice.call(document.querySelectorAll(".scene"));
  if (!holder || !figures.length) { return; }
  var store = JSON.parse(holder.textContent), stage = document.createElement("div"), ready = null, shown = null;
  stage.className = "stage";

  function unpack(text) {
    var bytes = Uint8Array.from(atob(text), function (letter) { return letter.charCodeAt(0); });
    var stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  }

  function add(tag, text) {
    var made = document.createElement(tag);
    made.textContent = text;
    document.head.appendChild(made);
  }

  function viewer() {
    ready = ready || Promise.all([unpack(store.viewer.style), unpack(store.viewer.script)]).then(function (texts) {
      add("style", texts[0]);
      add("script", texts[1]);
      return molstar.Viewer.create(stage, {
        layoutIsExpanded: false, layoutShowControls: false, layoutShowRemoteState: false, layoutShowSequence: false,
        layoutShowLog: false, layoutShowLeftPanel: false, viewportShowSelectionMode: false, viewportShowAnimation: false,
        viewportShowTrajectoryControls: false, volumeStreamingDisabled: true
      });
    });
    return ready;
  }

  function fill(node, address) {
    if (node.kind === "download") { node.params.url = address; }
    (node.children || []).forEach(function (child) { fill(child, address); });
  }

  function show(figure) {
    var scene = store.scenes[figure.dataset.scene];
    if (shown) { shown.classList.remove("turning"); delete shown.dataset.drawn; }
    shown = figure;
    figure.classList.add("turning");
    figure.insertBefore(stage, figure.querySelector("img"));
    return viewer().then(function (made) {
      return Promise.all([unpack(scene.structure), unpack(scene.view)]).then(function (texts) {
        var view = JSON.parse(texts[1]), address = URL.createObjectURL(new Blob([texts[0]], { type: "text/plain" }));
        fill(view.root, address);
        return made.loadMvsData(JSON.stringify(view), "mvsj", { replaceExisting: true }).then(function () {
          URL.revokeObjectURL(address);
          if (shown === figure) { figure.dataset.drawn = "yes"; }
        });
      });
    }).catch(function (error) {
      figure.classList.remove("turning");
      tell(figure, "3D does not work here (" + error + "); the picture stays.");
    });
  }

  function tell(figure, text) {
    var word = document.createElement("p");
    word.className = "word";
    word.textContent = text;
    figure.querySelector(".tools").replaceWith(word);
  }

  function possible() {
    var canvas = document.createElement("canvas");
    return "DecompressionStream" in window && Boolean(canvas.getContext("webgl2") || canvas.getContext("webgl"));
  }

  function button(text, label, act) {
    var made = document.createElement("button");
    made.type = "button";
    made.textContent = text;
    made.setAttribute("aria-label", text + ": " + label);
    made.addEventListener("click", act);
    return made;
  }

  var works = possible();
  figures.forEach(function (figure) {
    var tools = document.createElement("div"), picture = figure.querySelector("img");
    tools.className = "tools";
    figure.appendChild(tools);
    if (works) {
      tools.appendChild(button("Turn in 3D", figure.dataset.scene, function () { show(figure); }));
    } else {
      tools.appendChild(document.createTextNode("No WebGL here: a still picture."));
    }
    tools.appendChild(button("PNG", figure.dataset.scene, function () {
      var link = document.createElement("a");
      link.href = picture.src;
      link.download = figure.dataset.scene + ".png";
      link.click();
    }));
  });
})();
