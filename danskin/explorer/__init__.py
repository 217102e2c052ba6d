"""The explorer: a page on one's own machine on which gradients are dragged and verdicts change.

``danskin explore`` serves it. A request is data from outside: it passes `guard` (who asks, how
much), `payload` (strict JSON, field by field) and `forms` (objectives as text, parsed by the
formula language and never evaluated). What is answered comes from the library: `plane` (gradients
in the plane), `landscape` and `inner` (phi and g around a point), `proofs` (a proof as a job),
`batches` (coupled against product hulls); `scripts` writes the Python that reproduces it. `work`
bounds the work: formulas are handled in worker processes that can be killed. `app` wires this to
addresses, `serve` to a port. The page itself lies in ``static``.
"""
