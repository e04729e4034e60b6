"""The tables and figures of the five documents as studies: rows of data, kinds that measure them, and what was found.

runs/reproduce/hao2020/laptop-mnist/
  results.json     every finished measurement, written at once
  trainings/       run folders, shared by all items that need them
  pictures/        what cannot be told in numbers
  report.html
"""
