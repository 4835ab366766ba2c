using System.Text;

namespace Postern.Protocols.Smtp;

/// <summary>
/// A reverse-path or forward-path without its angle brackets and source route (RFC 5321 section 4.1.2), exactly as it was given
/// (the local part keeps its quotes and case). The null reverse-path is the empty string.
/// </summary>
public readonly record struct MailPath(string Address)
{
    public static readonly MailPath Null = new("");

    /// <summary>True for what may stand between the angle brackets of MAIL and RCPT: local-part "@" domain by RFC 5321 section 4.1.2 and its lengths, UTF-8 allowed.</summary>
    public static bool IsMailbox(string address)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(address);
        return SmtpCommandParser.IsText(bytes) && AddressGrammar.CheckMailbox(bytes) == AddressProblem.None;
    }

    public bool IsNull => Address.Length == 0;

    /// <summary>What follows the last @, as given; empty for the null path and for a bare Postmaster.</summary>
    public string Domain => Address.LastIndexOf('@') is >= 0 and var at ? Address[(at + 1)..] : "";

    /// <summary>What precedes the last @, quotes kept; the whole of a bare Postmaster.</summary>
    public string LocalPart => Address.LastIndexOf('@') is >= 0 and var at ? Address[..at] : Address;

    /// <summary>True when the address holds a character outside US-ASCII, so that SMTPUTF8 is needed (RFC 6531).</summary>
    public bool IsInternationalized => !System.Text.Ascii.IsValid(Address);

    public override string ToString() => $"<{Address}>";
}
