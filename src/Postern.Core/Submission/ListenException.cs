namespace Postern.Core.Submission;

/// <summary>
/// A listener cannot be opened, or its certificate cannot be used. The message is one line for the operator: what, where, and how to mend it;
/// the command ends with exit code 2.
/// </summary>
public sealed class ListenException(string message, Exception? inner = null) : Exception(message, inner);
