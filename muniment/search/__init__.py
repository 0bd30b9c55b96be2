"""The query language and what it means, with no engine: two engines and the evaluator read it alike.

From what is typed to a tree: `tokens` (the one tokeniser), `words`, `fields`, `parse`, `tree`, `errors`,
`hints`; `glossary` and `likeness` say what a word may stand for, `suggest` which other ones there are;
`explain` says it in English.

What matches: `match` is the evaluator, and the oracle; `scopes` and `terms` spare it work, `scope` says what
a query is limited to.

What an index holds and answers: `entry`, `entry_columns`, `words_met`, `watermark`; `answer`, `place` (where
a page ends), `facets`, `relevance`, `duplicates`, `highlight`.
"""
