"""The packaged demonstration trial: synthetic listings after ProDERM's published aggregates."""
