"""How the page looks, light or dark as the system of its reader is. No status is told by its color alone."""

from __future__ import annotations

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --text: #1a2027; --quiet: #4d5966; --line: #d5dbe1; --track: #e6eaee;
  --free: #1d8a5f; --in-use: #2b66c2; --cleaning: #b5730f; --dirty: #c4322b; --held: #77559c; --code: #eef1f4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1419; --card: #171d24; --text: #e8edf2; --quiet: #a5b1bd; --line: #313b46; --track: #2a323c;
    --free: #43b98a; --in-use: #6aa5f5; --cleaning: #dfa341; --dirty: #f5766b; --held: #b798dc; --code: #222a33;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
header, main, footer { max-width: 78rem; margin: 0 auto; padding: 1rem 1.25rem; }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem; padding-bottom: 0; }
h1 { margin: 0; font-size: 1.5rem; letter-spacing: -.01em; }
header p, footer { margin: 0; color: var(--quiet); }
section {
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: .6rem;
  margin-bottom: 1rem;
  padding: .9rem 1.1rem 1rem;
}
section.alert { border-left: .35rem solid var(--dirty); }
h2 { margin: 0 0 .5rem; font-size: 1.08rem; }
h3 { margin: 0; font-size: 1rem; display: flex; flex-wrap: wrap; gap: .2rem .8rem; align-items: baseline; }
p { margin: .25rem 0; }
.quiet { color: var(--quiet); font-weight: 400; }
dl.counts {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(7.5rem, 1fr));
  gap: .6rem;
  margin: 0 0 1rem;
}
dl.counts div {
  background: var(--card);
  border: 1px solid var(--line);
  border-top: .3rem solid var(--line);
  border-radius: .6rem;
  padding: .5rem .8rem;
  display: flex;
  flex-direction: column-reverse;
}
dl.counts dd { margin: 0; font-size: 1.7rem; font-weight: 650; line-height: 1.2; font-variant-numeric: tabular-nums; }
dl.counts dt { color: var(--quiet); }
dl.counts .free { border-top-color: var(--free); } dl.counts .in-use { border-top-color: var(--in-use); }
dl.counts .cleaning { border-top-color: var(--cleaning); } dl.counts .dirty { border-top-color: var(--dirty); }
dl.counts .held { border-top-color: var(--held); }
.scroll { overflow-x: auto; position: relative; }
.scroll:focus-visible, summary:focus-visible { outline: 3px solid var(--in-use); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td {
  text-align: left;
  vertical-align: middle;
  padding: .34rem .9rem .34rem 0;
  border-bottom: 1px solid var(--line);
  overflow-wrap: break-word;
}
tbody tr:last-child > * { border-bottom: 0; padding-bottom: 0; }
thead th { color: var(--quiet); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 600; }
.place, .numbers td, .nowrap { white-space: nowrap; }
.numbers td, .time { font-variant-numeric: tabular-nums; }
.wide { display: block; min-width: 18rem; }
.words { display: block; min-width: 9rem; max-width: 34rem; overflow-wrap: anywhere; }
svg {
  display: block;
  width: 100%;
  height: 1.35rem;
  border-radius: .25rem;
  background: var(--track);
  forced-color-adjust: none;
}
.key {
  display: inline-block;
  width: .75rem;
  height: .75rem;
  border-radius: .18rem;
  margin-right: .4rem;
  vertical-align: -.06rem;
  background: var(--track);
  border: 1px solid var(--quiet);
  forced-color-adjust: none;
}
rect.free, .key.free { fill: var(--free); background: var(--free); border-color: var(--free); }
rect.in-use, .key.in-use { fill: var(--in-use); background: var(--in-use); border-color: var(--in-use); }
rect.cleaning, .key.cleaning { fill: var(--cleaning); background: var(--cleaning); border-color: var(--cleaning); }
rect.dirty, .key.dirty { fill: var(--dirty); background: var(--dirty); border-color: var(--dirty); }
rect.held, .key.held { fill: var(--held); background: var(--held); border-color: var(--held); }
rect.act, .key.act { fill: var(--text); background: var(--text); }
.key.act { width: .3rem; }
.hours { display: flex; justify-content: space-between; }
ul.keys {
  display: flex;
  flex-wrap: wrap;
  gap: .2rem 1.1rem;
  list-style: none;
  padding: 0;
  margin: .6rem 0 0;
  color: var(--quiet);
}
code {
  background: var(--code);
  border-radius: .25rem;
  padding: .08rem .35rem;
  font: .87em ui-monospace, monospace;
  overflow-wrap: anywhere;
}
ul.plain { list-style: none; margin: .3rem 0 0; padding: 0; }
ul.plain > li { border-top: 1px solid var(--line); padding: .55rem 0; }
ul.plain > li:first-child { border-top: 0; padding-top: 0; } ul.plain > li:last-child { padding-bottom: 0; }
ul.steps { margin: .3rem 0; padding-left: 1.2rem; }
"""
