import Core

/// A token from a file, quoted and shortened for a message.
func quoted(_ token: String) -> String { "'\(VisibleText.brief(token, most: 60))'" }
