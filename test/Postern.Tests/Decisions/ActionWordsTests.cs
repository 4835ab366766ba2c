using Postern.Core.Decisions;
using Postern.Diagnosis.Causes;

namespace Postern.Tests.Decisions;

public sealed class ActionWordsTests
{
    private static readonly ActionCase Case = new("192.0.2.10", "mx.example.org", "up", 1);
    private static readonly DateTimeOffset Next = new(2026, 1, 1, 10, 42, 0, TimeSpan.Zero);

    private static Decision Of(MessageAction message, bool byAge = false) => new(CauseId.IpReputation, message) { Words = "the refusal is about {us}, not about {recipient}", IsByAge = byAge };

    [Theory]
    [InlineData(nameof(MessageAction.Wait), false, "kept: the refusal is about our address 192.0.2.10, not about the recipient; next try 2026-01-01 10:42 UTC from b")]
    [InlineData(nameof(MessageAction.Turn), false, "kept for its turn: the refusal is about our address 192.0.2.10, not about the recipient; next try 2026-01-01 10:42 UTC from b")]
    [InlineData(nameof(MessageAction.NextEgress), false, "tried from another address of ours: the refusal is about our address 192.0.2.10, not about the recipient")]
    [InlineData(nameof(MessageAction.Bounce), true, "returned to the sender, because its time is up: the refusal is about our address 192.0.2.10, not about the recipient")]
    public void An_action_is_a_sentence_of_the_messages_record(string message, bool byAge, string expected) =>
        Assert.Equal(expected, ActionWords.OfMessage(Of(Enum.Parse<MessageAction>(message), byAge), Case, Next, "b"));

    [Theory]
    [InlineData(1, "kept 1 message: the refusal is about our address 192.0.2.10, not about the recipients")]
    [InlineData(1204, "kept 1,204 messages: the refusal is about our address 192.0.2.10, not about the recipients")]
    public void On_the_incident_messages_are_counted(int count, string expected) =>
        Assert.Equal(expected, ActionWords.Counted(ActionWords.OfIncident(Of(MessageAction.Wait), Case), count));

    [Fact]
    public void What_has_no_place_for_a_number_gets_it_behind()
    {
        Assert.Equal("rested 192.0.2.10", ActionWords.Counted("rested 192.0.2.10", 1));
        Assert.Equal("rested 192.0.2.10 (3 times)", ActionWords.Counted("rested 192.0.2.10", 3));
    }
}
