"""Statistics of reader studies: metrics, intervals, agreement, ROC, MRMC, AI against readers, power, times.

Pure functions on numpy arrays; results are frozen dataclasses. A figure that does not exist is None beside its reason,
never NaN; what cannot be analysed at all raises `estimate.StatsError`, one sentence that says what to do. `to_plain`
turns any result into JSON. Import from the modules:

One study, whole
    reads            the long table (one row a read) as arrays: `read_table`, `table_from_text`, `ReadTable`
    analyse          `analyse(table, options=Options(...))` -> `Analysis`, `.to_dict()`: the command line, the results
                     pages and the report all show this
    reader_figures, comparisons, time_comparisons   the parts it is made of, on `Set`s of reads

Multi-reader multi-case
    mrmc             `mrmc(ratings, truth, ...)`: design found, Obuchowski-Rockette; `analyse_cells` for any figure
    designs          which design, what an incomplete one leaves out; `nested_readers` for groups of readers
    standalone       `standalone(ai, readers, truth, ...)`, `ai_against_readers(cells, ...)`: one AI and K readers
    bdg, bdg_moments   areas in any design: crossed, split-plot, incomplete (U-statistics)
    clustered        several cases a patient: Obuchowski 1997, Rao & Scott 1992, bootstrap of patients
    ai_failures      areas where the AI failed: worst rank, common cases, as they are
    small_samples, coverage   intervals of proportions over readers, and how often they hold
    figures          figures of merit and their covariance: `metric_cells`, `auc_cells`, `jackknifed_cells`
    auc_covariance   DeLong, jackknife and unbiased covariances of areas
    obuchowski_rockette   mean squares, components, tests, `single_test` for one treatment
    power, roe_metz, simulation   sample size; simulated studies; size and power by simulation
    subgroups        one figure on parts of the cases, and how a difference differs between two of them
    bootstrap, secondary   two-way stratified bootstrap, a second opinion

Marks on images
    localisation     FROC and LROC figures of merit, scoring of marks in mm, curves; its modules are named there

Single figures
    confusion        matrices with undecided reads, figures of each class, kappas with the truth
    intervals, pairs, roc, agreement, times, switches

Other
    published        the published study as data, recomputed, with its contradictions
    columns, table, ids   CSV reading that names row, column and remedy
    frames           `from_long(frame)`: pandas or polars in, `summary()` and `to_frame()` out
    validation       every reference answer of a public program against ours
"""
