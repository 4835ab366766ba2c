namespace Postern.Core.Telemetry;

/// <summary>
/// Every log message of the relay, as source-generated methods. Each area has its own part of this class (<c>PosternLog.Delivery.cs</c>).
/// One event is one line: a fixed phrase of a few words first, then <c>key={Value}</c> pairs in snake_case ("message accepted id={Id} from={From} size={Size}"),
/// so that text and JSON carry the same fields. Never a secret, never message text. Peers' words are passed as a value; the log writer quotes them.
/// </summary>
/// <remarks>
/// Event ids, unique for ever: 1000 host and configuration, 2000 submission (listeners, sessions, access, pickup), 3000 queue and store,
/// 4000 routing, scheduling, shaping and upstreams, 5000 delivery, 6000 bounces, 7000 DNS and TLS, 8000 diagnosis.
/// Levels: Information is what an operator reads daily (accepted, each attempt, start, stop); Warning is for what somebody should look at;
/// Error means the relay cannot do its work; Debug is for single sessions.
/// </remarks>
internal static partial class PosternLog;
