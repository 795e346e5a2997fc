"""How the report's page looks: one sheet for wide and narrow screens, light and dark, and paper. Loads nothing."""

#: Text stands on its ground with a contrast of at least 4.5, bars with at least 3, in both schemes.
STYLE = """
:root { color-scheme: light dark; --ink: #1a1c1f; --paper: #fff; --card: #f6f6f4; --line: #d5d5d0; --quiet: #595c61;
  --exempt: #64748b; --compliant: #15803d; --unknown: #8a8580; --in_grace: #c2660a; --noncompliant: #b91c1c;
  --denied: #1a1c1f; }
@media (prefers-color-scheme: dark) { :root {
  --ink: #ececea; --paper: #151618; --card: #1f2124; --line: #3b3e43; --quiet: #b3b6ba;
  --exempt: #94a3b8; --compliant: #4ade80; --unknown: #8e8a86; --in_grace: #fbbf24; --noncompliant: #f87171;
  --denied: #ececea; } }
* { box-sizing: border-box; }
body { font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 60rem; margin: 0 auto;
  padding: 2rem 1.25rem 3rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .25rem 0 .75rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 0 0 .75rem; }
section { margin-top: 2.75rem; }
p { margin: .4rem 0; max-width: 46rem; }
.lead { font-size: 1.2rem; margin: .9rem 0 .4rem; }
.quiet, caption, .zero { color: var(--quiet); }
.badge { display: inline-block; border: 1px solid var(--line); border-radius: 1rem; padding: .1rem .7rem; margin-right: .4rem;
  font-size: .9rem; }
.badge.loud { background: var(--ink); color: var(--paper); border-color: var(--ink); }
svg { display: block; width: 100%; height: .9rem; border-radius: 3px; background: var(--card); }
svg.whole { height: 1.75rem; margin: 1.25rem 0 1rem; }
rect { fill: var(--mark); stroke: var(--paper); stroke-width: 1; vector-effect: non-scaling-stroke; }
.exempt { --mark: var(--exempt); } .compliant { --mark: var(--compliant); } .unknown { --mark: var(--unknown); }
.in_grace { --mark: var(--in_grace); } .noncompliant { --mark: var(--noncompliant); } .denied { --mark: var(--denied); }
dl.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(8rem, 1fr)); gap: .75rem; margin: 0; }
dl.cards div { background: var(--card); border-top: 4px solid var(--mark); border-radius: 3px; padding: .6rem .75rem; }
dl.cards dt { font-size: .9rem; color: var(--quiet); }
dl.cards dd { margin: 0; font-size: 1.5rem; font-variant-numeric: tabular-nums; }
dl.cards dd span { font-size: .9rem; color: var(--quiet); white-space: nowrap; }
.wide { overflow-x: auto; }
.wide:focus-visible { outline: 2px solid var(--ink); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .95rem; }
caption { text-align: left; font-size: .9rem; padding-bottom: .4rem; }
th, td { border-bottom: 1px solid var(--line); padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: baseline; }
th { font-weight: 500; } thead th { font-size: .85rem; color: var(--quiet); white-space: nowrap; vertical-align: bottom; }
tbody th { min-width: 6rem; overflow-wrap: anywhere; } td.bar { min-width: 8rem; width: 40%; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th.number, td.number { padding-right: .25rem; padding-left: .9rem; }
table.facts { width: auto; min-width: min(100%, 30rem); }
footer { margin-top: 3rem; border-top: 1px solid var(--line); padding-top: .75rem; }
@media (max-width: 34rem) { h1 { font-size: 1.5rem; } .lead { font-size: 1.05rem; } body { padding-top: 1.25rem; }
  dl.cards { grid-template-columns: 1fr 1fr; } td.bar { min-width: 6rem; } }
@media print { :root { color-scheme: light; } body { max-width: none; padding: 0; font-size: 10pt; } h2 { break-after: avoid; }
  .wide { overflow: visible; } tr, dl.cards div { break-inside: avoid; } thead { display: table-header-group; }
  svg, .badge.loud, dl.cards div { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  section { margin-top: 1.5rem; } }
"""
