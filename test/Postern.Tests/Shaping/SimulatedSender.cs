using Postern.Core.Shaping;
using Postern.Protocols.Smtp;

namespace Postern.Tests.Shaping;

/// <summary>
/// Workers that send through a lane as delivery does, with never-ending mail, in simulated time: a connection takes 10-30 ms, a message 20-100 ms, a
/// refused command answers after 10-30 ms, a dropped one times out. No thread, no clock: the same seed gives the same run.
/// </summary>
internal sealed class SimulatedSender(Lane lane, SimulatedUpstream upstream, int workers = 20)
{
    private static readonly TimeSpan TimeOut = TimeSpan.FromSeconds(30), Idle = TimeSpan.FromSeconds(5);

    private readonly PriorityQueue<Action, (long, int)> _events = new();
    private readonly Random _random = new(7);
    private DateTimeOffset _end;
    private int _sequence, _messages;

    public DateTimeOffset Now { get; private set; } = SimulationStart;
    public static DateTimeOffset SimulationStart { get; } = new(2031, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>How much later than usual what is granted in the first seconds arrives: sessions are opened and look-ups made after the grant.</summary>
    public TimeSpan SlowStart { get; init; }

    /// <summary>Delivery's own maximum.</summary>
    public int MaxMessagesPerSession { get; init; } = 500;

    public List<DateTimeOffset> Taken { get; } = [];
    public List<(DateTimeOffset At, LimitKind Truth)> Refusals { get; } = [];
    public List<LaneLesson> Lessons { get; } = [];
    public int MostOpen { get; private set; }
    public int TakenWhenFull { get; private set; } = -1;

    public int TakenAfter(TimeSpan from) => Taken.Count(t => t >= SimulationStart + from);
    public int RefusedAfter(TimeSpan from) => Refusals.Count(r => r.At >= SimulationStart + from);

    public void Run(TimeSpan duration)
    {
        _end = Now + duration;
        if (_sequence == 0)
            for (int i = 0; i < workers; i++) At(Now, () => Open());
        while (_events.TryPeek(out _, out var at) && at.Item1 < _end.Ticks)
        {
            var next = _events.Dequeue();
            Now = new DateTimeOffset(at.Item1, TimeSpan.Zero);
            next();
        }
        Now = _end;
    }

    private void At(DateTimeOffset when, Action what) => _events.Enqueue(what, (when.Ticks, _sequence++));
    private DateTimeOffset In(int from, int to) => Now.AddMilliseconds(from + _random.NextDouble() * (to - from));

    private void Open()
    {
        var answer = lane.TryOpen(Now);
        if (!answer.IsGranted)
        {
            At(answer.Until == DateTimeOffset.MaxValue ? In(20, 60) : answer.Until, Open);
            return;
        }
        var began = Now;
        MostOpen = Math.Max(MostOpen, upstream.Open);
        At(In(5, 15), () =>
        {
            var refused = upstream.Connect(Now);
            if (refused == LimitKind.None)
            {
                if (upstream.Open == workers && TakenWhenFull < 0) TakenWhenFull = Taken.Count;
                At(In(5, 15), () =>
                {
                    lane.Opened();
                    Send(0);
                });
                return;
            }
            At(Late(), () =>
            {
                Refuse(refused, upstream.Manner == RefusalManner.Silent ? ClientStage.Connect : ClientStage.Greeting, 0, began);
                lane.NotOpened();
                Open();
            });
        });
    }

    private DateTimeOffset Late() => upstream.Manner == RefusalManner.Silent ? Now + TimeOut : In(5, 15);

    private void Send(int inSession)
    {
        if (inSession >= Math.Min(MaxMessagesPerSession, lane.MessagesPerSession))
        {
            Leave();
            return;
        }
        var answer = lane.TryMessage(Now);
        if (!answer.IsGranted)
        {
            if (answer.Until - Now < Idle) At(answer.Until, () => Send(inSession));
            else
            {
                upstream.Gone();
                lane.Closed();
                At(answer.Until, Open);
            }
            return;
        }
        var began = Now;
        var patience = lane.Asked(Now, inSession == 0);
        At(In(5, 15) + (began < SimulationStart.AddSeconds(2) ? SlowStart : TimeSpan.Zero), () =>
        {
            var refused = upstream.Message(Now, inSession);
            if (refused != LimitKind.None)
            {
                // As in delivery: a session that has worked is given up early.
                At(upstream.Manner == RefusalManner.Silent && inSession > 0 && patience < TimeOut ? Now + patience.Value : Late(), () =>
                {
                    if (upstream.Manner == RefusalManner.Silent) lane.NotHeard();
                    else lane.Heard(Now - began, Now);
                    Refuse(refused, ClientStage.Mail, inSession, began);
                    Leave();
                });
                return;
            }
            lane.Heard(Now - began, Now);
            At(In(10, 90), () =>
            {
                if (!upstream.Fails(_messages++))
                {
                    Taken.Add(Now);
                    lane.Accepted(Sample(ClientStage.EndOfData, LimitKind.None, inSession, began));
                }
                Send(inSession + 1);
            });
        });
    }

    private void Leave()
    {
        upstream.Gone();
        lane.Closed();
        Open();
    }

    private void Refuse(LimitKind truth, ClientStage stage, int inSession, DateTimeOffset began)
    {
        Refusals.Add((Now, truth));
        // The words of a reply name the limit; a close or silence names nothing.
        var hint = upstream.Manner == RefusalManner.Reply ? truth : LimitKind.None;
        if (lane.Refused(Sample(stage, hint, inSession, began)) is { } lesson && (Lessons.Count == 0 || Lessons[^1].Words != lesson.Words)) Lessons.Add(lesson);
    }

    private LaneSample Sample(ClientStage stage, LimitKind hint, int inSession, DateTimeOffset began) =>
        new(Now, stage, upstream.Manner, hint, null, lane.Snapshot().SessionsOpen, inSession, began);
}
