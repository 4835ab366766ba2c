namespace Postern.Api;

/// <summary>A message to be sent, in parts. Addresses may have a name: "Ann Smith &lt;ann@example.org&gt;".</summary>
public sealed record MessageContract
{
    public required string From { get; init; }
    public IReadOnlyList<string> To { get; init; } = [];
    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary>Get the message, and are named nowhere in it.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];
    public IReadOnlyList<string> ReplyTo { get; init; } = [];
    public string? Subject { get; init; }

    /// <summary>Plain text. One of text and html at least; with both, readers show the one they can.</summary>
    public string? Text { get; init; }
    public string? Html { get; init; }

    /// <summary>Further header fields by name, such as List-Unsubscribe and In-Reply-To. Fields that the other members make cannot be given.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();
    public IReadOnlyList<AttachmentContract> Attachments { get; init; } = [];

    /// <summary>-9 to 9 (RFC 6710), as far as the sender may ask for it; higher ones go first.</summary>
    public int? Priority { get; init; }

    /// <summary>Where bounces go, without a name; the address of 'from' without it.</summary>
    public string? EnvelopeFrom { get; init; }

    /// <summary>The sender's own id of the message (ENVID, RFC 3461), given back in bounces.</summary>
    public string? EnvelopeId { get; init; }
}

/// <summary>A file in a message.</summary>
public sealed record AttachmentContract
{
    public required string Name { get; init; }

    /// <summary>Such as application/pdf; found by the name's ending without it.</summary>
    public string? ContentType { get; init; }

    /// <summary>The bytes, in base64.</summary>
    public required byte[] Content { get; init; }

    /// <summary>For what the html refers to as cid:ID; it is then shown in the text and not beside it.</summary>
    public string? ContentId { get; init; }
}

/// <summary>A message that is in the queue, on stable storage.</summary>
/// <param name="Id">Its queue id.</param>
/// <param name="Recipients">How many.</param>
/// <param name="Reply">As SMTP would have answered.</param>
public sealed record AcceptedContract(string Id, int Recipients, string Reply);

/// <summary>A recipient that the relay takes no mail for.</summary>
public sealed record RefusedRecipientContract(string Address, string Reply);
