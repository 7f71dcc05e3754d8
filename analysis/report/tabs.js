// Shows one part of the page at a time. Without JavaScript, and on paper, all parts follow each other.
(function () {
  "use strict";
  var bar = document.getElementById("tabs");
  if (!bar) { return; }
  var tabs = Array.prototype.slice.call(bar.querySelectorAll("a"));
  var panels = tabs.map(function (tab) { return document.getElementById(tab.hash.slice(1)); });

  function show(place, focus) {
    tabs.forEach(function (tab, other) {
      var chosen = other === place;
      tab.setAttribute("aria-selected", chosen ? "true" : "false");
      tab.tabIndex = chosen ? 0 : -1;
      panels[other].classList.toggle("current", chosen);
    });
    if (focus) { tabs[place].focus(); }
    document.dispatchEvent(new CustomEvent("tab", { detail: panels[place].id }));
  }

  // A link to a section opens the part that holds it.
  function follow() {
    var name = decodeURIComponent(location.hash.slice(1));
    var target = name ? document.getElementById(name) : null;
    var place = panels.findIndex(function (panel) { return target && panel.contains(target); });
    show(Math.max(place, 0), false);
    if (target && place >= 0) { (panels[place] === target ? bar.parentNode.querySelector("#tabs") : target).scrollIntoView(); }
  }

  document.body.classList.add("tabbed");
  bar.setAttribute("role", "tablist");
  tabs.forEach(function (tab, place) {
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-controls", panels[place].id);
    tab.id = "for-" + panels[place].id;
    panels[place].setAttribute("role", "tabpanel");
    panels[place].setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("keydown", function (event) {
      var step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) { return; }
      event.preventDefault();
      show((place + step + tabs.length) % tabs.length, true);
    });
    tab.addEventListener("click", function (event) {
      event.preventDefault();
      history.replaceState(null, "", tab.hash);
      show(place, true);
    });
  });
  window.addEventListener("hashchange", follow);
  follow();
})();
