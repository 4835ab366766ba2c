namespace Postern.Api;

/// <summary>Kinds of refusals; the words are the last part of a problem's type and stay as they are.</summary>
internal enum ProblemKind
{
    InvalidParameter,
    InvalidBody,
    UnsupportedMediaType,
    BodyTooLarge,
    NotFound,
    MethodNotAllowed,
    UnknownMessage,
    UnknownIncident,
    UnknownUpstream,
    UnknownOperation,
    Unauthenticated,
    Forbidden,
    CrossOrigin,
    WrongHost,
    Throttled,
    KeyReused,
    RelayingDenied,
    MessageRefused,
    RecipientsRefused,
    MessageTooLarge,
    StorageFull,
    TryLater,
    Starting,
    Busy,
    Failed,
}

/// <summary>What a kind of problem is called, and the HTTP status that it has.</summary>
/// <param name="Word">The last part of its type.</param>
internal sealed record ProblemType(ProblemKind Kind, string Word, int Status, string Title)
{
    /// <summary>Where <c>type</c> points: a place that tells what is meant.</summary>
    public string Uri => ProblemTypes.Path + "/" + Word;
}

/// <summary>All of them. One row per kind: documents and the API's own description are made from it.</summary>
internal static class ProblemTypes
{
    public const string Path = "/api/v1/problems";

    public static IReadOnlyList<ProblemType> All { get; } =
    [
        new(ProblemKind.InvalidParameter, "invalid-parameter", 400, "A parameter or member has a value that it cannot have"),
        new(ProblemKind.InvalidBody, "invalid-body", 400, "The body is not what this operation takes"),
        new(ProblemKind.Unauthenticated, "unauthenticated", 401, "This needs authentication"),
        new(ProblemKind.Forbidden, "forbidden", 403, "You may not do this"),
        new(ProblemKind.CrossOrigin, "cross-origin", 403, "Asked by a page from elsewhere"),
        new(ProblemKind.RelayingDenied, "relaying-denied", 403, "You may not send from here, or not with this sender"),
        new(ProblemKind.NotFound, "not-found", 404, "There is no such address in this API"),
        new(ProblemKind.UnknownMessage, "unknown-message", 404, "No such message waits"),
        new(ProblemKind.UnknownIncident, "unknown-incident", 404, "No such incident is known"),
        new(ProblemKind.UnknownUpstream, "unknown-upstream", 404, "Nothing is known of such an upstream"),
        new(ProblemKind.UnknownOperation, "unknown-operation", 404, "No such operation is known"),
        new(ProblemKind.MethodNotAllowed, "method-not-allowed", 405, "This address does not take that method"),
        new(ProblemKind.BodyTooLarge, "body-too-large", 413, "The body is larger than this operation takes"),
        new(ProblemKind.MessageTooLarge, "message-too-large", 413, "The message is larger than this relay takes"),
        new(ProblemKind.UnsupportedMediaType, "unsupported-media-type", 415, "The body is of a type that this operation does not take"),
        new(ProblemKind.WrongHost, "wrong-host", 421, "This server does not answer to that name"),
        new(ProblemKind.KeyReused, "key-reused", 422, "The idempotency key belongs to another request"),
        new(ProblemKind.MessageRefused, "message-refused", 422, "The relay does not take this message"),
        new(ProblemKind.RecipientsRefused, "recipients-refused", 422, "The relay does not take mail for some recipient"),
        new(ProblemKind.Throttled, "throttled", 429, "Too many attempts came from your address"),
        new(ProblemKind.Failed, "failed", 500, "Something broke in the relay"),
        new(ProblemKind.StorageFull, "storage-full", 503, "The relay's queue takes no more mail now"),
        new(ProblemKind.TryLater, "try-later", 503, "The relay cannot take this now"),
        new(ProblemKind.Starting, "starting", 503, "The relay is starting"),
        new(ProblemKind.Busy, "busy", 503, "Too much of this is going on"),
    ];

    private static readonly ProblemType[] _byKind = [.. Enum.GetValues<ProblemKind>().Select(k => All.Single(t => t.Kind == k))];

    public static ProblemType Of(ProblemKind kind) => _byKind[(int)kind];
}

/// <summary>Makes problems; those that several places need have their words here.</summary>
internal static class Problems
{
    public static ProblemContract Of(ProblemKind kind, string detail, string mend)
    {
        var type = ProblemTypes.Of(kind);
        return new ProblemContract { Type = type.Uri, Title = type.Title, Status = type.Status, Detail = detail, Mend = mend };
    }

    public static ProblemContract Wrong(string detail, string mend) => Of(ProblemKind.InvalidParameter, detail, mend);

    public static ProblemContract Starting { get; } = Of(ProblemKind.Starting, "the relay is starting", "try again in a moment");

    public static ProblemContract NotAnId(string text) => Wrong($"not a queue id: {text}", "ids have 13 letters and digits; 'postern queue list' shows them");

    public static ProblemContract UnknownMessage(string id) => Of(ProblemKind.UnknownMessage, $"no message {id} in the queue", "it was delivered, bounced or removed; the log has its end");
}
