using Postern.Core.Delivery;
using Postern.Diagnosis.Causes;
using Postern.Protocols.Smtp;

namespace Postern.Core.Decisions;

/// <summary>
/// The one place that decides what becomes of mail, of the upstream and of our address: rows of knowledge/decisions.toml, the first that matches. Pure.
/// The promise it keeps, whatever the rows say: a bounce is the recipient's fault, the message's or time's, never ours or our upstream's; so a refusal before
/// MAIL, a 421 and a refusal that is about us are no reason to bounce, however permanent they claim to be.
/// </summary>
internal sealed class DecisionTable
{
    private static readonly Lazy<DecisionTable> Embedded = new(() => DecisionReader.Read(KnowledgeData.Text("decisions.toml")));
    private static readonly Decision Stopping = new(CauseId.None, MessageAction.Wait) { Words = "the relay is stopping" };
    private readonly ILookup<CauseId, DecisionRow> _rows;

    /// <param name="confidence">From here on a cause counts; below it stage and code decide.</param>
    /// <param name="rows">In order; those of "unknown" are for every cause that has no row that matches, and the last of them matches everything.</param>
    public DecisionTable(double confidence, IReadOnlyList<DecisionRow> rows)
    {
        Confidence = confidence;
        Rows = rows;
        _rows = rows.ToLookup(r => r.Cause);
    }

    /// <summary>Of this build.</summary>
    public static DecisionTable Default => Embedded.Value;

    public double Confidence { get; }
    public IReadOnlyList<DecisionRow> Rows { get; }

    /// <param name="overrides">Of the recipient's route; null for none.</param>
    public Decision Decide(in DecisionInput input, DecisionOverrides? overrides = null)
    {
        // Our own stop says nothing of the message, not even that its time is up: the last try it is owed is made after the start.
        if (input.Failure.Kind == FailureKind.Cancelled) return Stopping;
        var cause = CauseOf(input.Reading);
        var row = Find(cause, input);
        var wish = overrides?.Of(cause);
        var action = Keep(Next(wish?.Message ?? row.Message, wish?.Last ?? row.Last, input), input, row, wish);
        bool isByAge = input.IsExpired && action is (MessageAction.Wait or MessageAction.Turn or MessageAction.LookAgain);
        return new Decision(cause, isByAge ? MessageAction.Bounce : action)
        {
            Upstream = row.Upstream,
            Egress = row.Egress,
            Probe = row.Probe,
            Operator = row.Operator,
            IsByAge = isByAge,
            IsAboutUs = row.IsAboutUs,
            Retry = wish?.Retry ?? row.Retry,
            RetryAfter = input.Reading.RetryAfter,
            Words = row.Words,
        };
    }

    /// <summary>That a failure is decided by: the one that was read, when that is certain enough.</summary>
    public CauseId CauseOf(FailureReading reading) => reading.Confidence >= Confidence && reading.Cause != CauseId.None ? reading.Cause : CauseId.Unknown;

    /// <summary>What the operator hears of a cause, at most.</summary>
    public OperatorAction OperatorOf(CauseId cause) => _rows[cause].Select(r => r.Operator).DefaultIfEmpty(OperatorAction.Note).Max();

    private DecisionRow Find(CauseId cause, in DecisionInput input)
    {
        foreach (var row in _rows[cause])
            if (row.Matches(input)) return row;
        foreach (var row in _rows[CauseId.Unknown])
            if (row.Matches(input)) return row;
        throw new InvalidOperationException("the decision table has no last row");
    }

    private static MessageAction Next(MessageAction wanted, MessageAction last, in DecisionInput input) => wanted switch
    {
        MessageAction.NextEgress when input.HasOtherEgress => MessageAction.NextEgress,
        MessageAction.NextHost or MessageAction.NextEgress => input.IsLastCandidate ? last : MessageAction.NextHost,
        _ => wanted,
    };

    /// <summary>Holds the promises against every row and every override.</summary>
    private static MessageAction Keep(MessageAction action, in DecisionInput input, DecisionRow row, DecisionOverride? wish)
    {
        bool goesOn = action is MessageAction.NextHost or MessageAction.NextEgress;
        if (goesOn && FailureScopes.MayHaveBeenTaken(input.Failure)) return MessageAction.Wait;
        bool isOurs = input.Scope == FailureScope.Host || row.IsAboutUs;
        if (action != MessageAction.Bounce || !isOurs || wish is { EvenIfOurs: true }) return action;
        return input.IsLastCandidate ? MessageAction.Wait : MessageAction.NextHost;
    }
}
