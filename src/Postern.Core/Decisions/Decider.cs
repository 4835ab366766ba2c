using Postern.Core.Queue;
using Postern.Core.Routing;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Decisions;

/// <summary>The decision table as delivery asks it: with the message's age and what its recipient's route wants. Thread safe; asked for failures only.</summary>
internal sealed class Decider(DecisionTable table, MailRouter router)
{
    /// <param name="recipient">Into the envelope's recipients.</param>
    public Decision Decide(QueuedEnvelope envelope, int recipient, in DecisionInput input) =>
        table.Decide(input, router.Overrides(envelope.From, envelope.Recipients[recipient].Address, envelope.Origin.Listener, envelope.Origin.User));

    /// <summary>
    /// Whether to go by what diagnosis holds. Its verdict counts where it is certain enough; but where it would return what the peer's own words say is about us,
    /// the words count.
    /// </summary>
    /// <param name="input">With what the words say.</param>
    public FailureReading Choose(in DecisionInput input, DiagnosisReport report)
    {
        var verdict = input.Reading.With(report);
        if (table.CauseOf(verdict) == CauseId.Unknown) return input.Reading;
        bool returns = table.Decide(input with { Reading = verdict, IsLastCandidate = true, IsExpired = false }).Message == MessageAction.Bounce;
        return returns && table.Decide(input).IsAboutUs ? input.Reading : verdict;
    }
}
