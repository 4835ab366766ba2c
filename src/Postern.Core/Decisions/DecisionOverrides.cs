using Postern.Core.Configuration;
using Postern.Diagnosis.Causes;

namespace Postern.Core.Decisions;

/// <summary>What an operator wants done about one cause on one route. Null members leave the row's.</summary>
/// <param name="EvenIfOurs">The operator said in so many words that mail may be bounced for what is not its sender's or recipient's fault.</param>
internal sealed record DecisionOverride(CauseId Cause, MessageAction? Message, MessageAction? Last, IReadOnlyList<TimeSpan>? Retry, bool EvenIfOurs);

/// <summary>All of one route, compiled. Immutable.</summary>
internal sealed class DecisionOverrides
{
    private readonly Dictionary<CauseId, DecisionOverride> _byCause;

    private DecisionOverrides(IReadOnlyList<DecideConfig> config) => _byCause = config.ToDictionary(d => Cause(d), d => Compile(d));

    /// <summary>Null when there is none.</summary>
    /// <param name="config">Validated.</param>
    public static DecisionOverrides? Of(IReadOnlyList<DecideConfig> config) => config.Count == 0 ? null : new DecisionOverrides(config);

    public DecisionOverride? Of(CauseId cause) => _byCause.GetValueOrDefault(cause);

    private static DecisionOverride Compile(DecideConfig config)
    {
        MessageAction? message = config.Message switch
        {
            DecideMessage.Wait => MessageAction.Wait,
            DecideMessage.NextHost => MessageAction.NextHost,
            DecideMessage.Bounce => MessageAction.Bounce,
            _ => null,
        };
        return new DecisionOverride(Cause(config), message, message == MessageAction.NextHost ? MessageAction.Wait : message, config.Retry.Count > 0 ? config.Retry : null, config.EvenIfOurs);
    }

    private static CauseId Cause(DecideConfig config) => CauseTable.TryParse(config.Cause, out var cause) ? cause : CauseId.Unknown;
}
