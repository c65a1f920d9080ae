"""Marks on images: FROC and LROC figures of merit with their jackknife, tested by Obuchowski-Rockette.

truth, marks   the CSV files of a study as arrays: `read_marks(marks, truth)` -> `Marks`
figures, lroc  figures of merit, whole and with each case left out
analysis       `compare(marks, figure)`: treatments, or one; `ai_against(marks, figure, ai)`
curves         operating points for plotting
shapes, scoring, positions   marks drawn in mm scored against lesions: `score(marks, lesions, Radius(mm))`
made_up        marks for timing
"""
