#include "cmd/demo/page.h"

namespace kuma::demo {

const std::string_view kFrontendPage = R"html(<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kuma demo</title>
<style>
  body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #1d2430; }
  h1 { font-size: 1.4rem; }
  table { border-collapse: collapse; width: 100%; font-size: .9rem; }
  th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid #d8dde6; }
  .ok { color: #0a7a3d; } .bad { color: #b3261e; }
  code { background: #eef1f6; padding: 0 .25rem; }
</style>
<h1>frontend &rarr; sidecar &rarr; <span id="lock">&hellip;</span> &rarr; sidecar &rarr; backend</h1>
<p>This page asks the frontend once a second; the frontend calls the backend through the two Envoy proxies.
Counter of the backend: <b id="counter">&ndash;</b></p>
<table><thead><tr><th>time</th><th>status</th><th>took</th><th>who the backend sees</th></tr></thead><tbody id="rows"></tbody></table>
<script>
  const text = (id, value) => { document.getElementById(id).textContent = value; };
  async function ask() {
    const row = document.createElement('tr');
    const cell = (value, style) => { const c = document.createElement('td'); c.textContent = value; c.className = style || ''; row.append(c); };
    cell(new Date().toLocaleTimeString());
    try {
      const answer = await (await fetch('/call')).json();
      const good = answer.status === 200;
      cell(answer.status || answer.error, good ? 'ok' : 'bad');
      cell(answer.took_ms + ' ms');
      cell(answer.identity || (good ? 'nobody: no mutual TLS' : answer.detail));
      if (good) { text('counter', answer.counter); text('lock', answer.identity ? 'mutual TLS' : 'plain text'); } else { text('lock', 'denied'); }
    } catch (error) { cell('the frontend is gone', 'bad'); cell(''); cell(''); }
    const rows = document.getElementById('rows');
    rows.prepend(row);
    while (rows.children.length > 15) rows.lastChild.remove();
    setTimeout(ask, 1000);
  }
  ask();
</script>
</html>
)html";

}  // namespace kuma::demo
