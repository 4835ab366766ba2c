namespace Postern.Protocols.Smtp;

/// <summary>The public word of each stage: the same in logs, metrics, the API and the commands.</summary>
public static class ClientStageName
{
    private static readonly string[] _words = ["resolve", "connect", "greeting", "ehlo", "starttls", "tls_handshake", "auth", "mail", "rcpt", "data", "body", "eod", "rset", "quit"];

    public static string Word(this ClientStage stage) => _words[(int)stage];

    /// <summary>Null for a word that is none.</summary>
    public static ClientStage? Parse(string? word) => Array.IndexOf(_words, word) is >= 0 and var index ? (ClientStage)index : null;
}
