extension LedgerSchema {
  /// What reviewers note beside a label, and what settles a disagreement of reviewers. Both may be taken back.
  static let reviews = """
    CREATE TABLE labelNotes (
      item TEXT NOT NULL REFERENCES sampled (item),
      reviewer TEXT NOT NULL CHECK (reviewer <> ''),
      note TEXT NOT NULL,
      PRIMARY KEY (item, reviewer)
    ) STRICT;
    CREATE TABLE adjudications (
      item TEXT PRIMARY KEY REFERENCES sampled (item),
      reviewer TEXT NOT NULL CHECK (reviewer <> ''),
      label TEXT NOT NULL CHECK (label IN ('unsafe', 'safe', 'unsure')),
      at REAL NOT NULL
    ) STRICT;
    """
}
