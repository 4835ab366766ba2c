using CsCheck;
using Postern.Core.Configuration;
using Postern.Protocols.Tls;

namespace Postern.Tests.Configuration;

public sealed class ConfigLoaderTests
{
    private const string Upstream = "[[upstream]]\nname = \"a\"\naddress = \"smtp.example.com:587\"\n";

    private static ConfigResult Load(string text, Dictionary<string, string>? environment = null, params ConfigOverride[] overrides)
    {
        environment ??= [];
        var surroundings = new ConfigSurroundings(environment.GetValueOrDefault, environment.Keys, Path.GetTempPath());
        return new ConfigLoader(surroundings).LoadText(text, "postern.toml", overrides);
    }

    private static PosternConfig Good(ConfigResult result)
    {
        Assert.Empty(result.Errors.Select(e => e.ToString()));
        return result.Config!;
    }

    [Fact]
    public void Every_form_of_value_is_read()
    {
        var config = Good(Load("""
            [limits]
            max_message = "25MB"
            max_line = 4096
            [delivery]
            mode = "inline-then-queue"
            retry = ["90s", "1h30m", "1d"]
            ipv6 = false
            [[upstream]]
            name = "a"
            address = "[2001:db8::1]:25"
            tls = "implicit"
            auth = { user = "u", password = "p" }
            [[route]]
            match = { recipient_domain = ["*.example.org"] }
            via = "mx"
            [[route]]
            upstreams = ["a"]
            """));
        Assert.Equal(25_000_000, config.Limits.MaxMessageBytes);
        Assert.Equal(4096, config.Limits.MaxLineBytes);
        Assert.Equal(DeliveryMode.InlineThenQueue, config.Delivery.Mode);
        Assert.Equal([TimeSpan.FromSeconds(90), TimeSpan.FromMinutes(90), TimeSpan.FromDays(1)], config.Delivery.Retry);
        Assert.False(config.Delivery.Ipv6);
        Assert.Equal(TlsMode.Implicit, config.Upstream[0].Tls);
        Assert.Equal("p", config.Upstream[0].Auth!.Password.Reveal());
        Assert.Equal(["*.example.org"], config.Route[0].Match!.RecipientDomain);
        Assert.Equal(RouteVia.Mx, config.Route[0].Via);
    }

    [Fact]
    public void What_the_file_does_not_say_keeps_its_default()
    {
        var config = Good(Load(Upstream));
        Assert.Equal("127.0.0.1:2525", Assert.Single(config.Listener).Address);
        Assert.Equal(TimeSpan.FromDays(5), config.Delivery.Expire);
        Assert.Equal(Path.Combine(Path.GetTempPath(), "postern-data"), config.Server.Data);
    }

    [Fact]
    public void The_state_folder_of_the_user_is_the_default_place_of_the_queue()
    {
        var config = Good(Load(Upstream, new() { ["XDG_STATE_HOME"] = "/var/lib/me" }));
        Assert.Equal("/var/lib/me/postern", config.Server.Data);
    }

    [Fact]
    public void The_environment_wins_over_the_file_and_options_over_both()
    {
        var environment = new Dictionary<string, string>
        {
            ["POSTERN_SERVER__HOSTNAME"] = "env.example.net",
            ["POSTERN_DELIVERY__EXPIRE"] = "2d",
            ["POSTERN_ACCESS__NETWORKS"] = "192.0.2.0/24, 127.0.0.0/8",
            ["POSTERN_UPSTREAM__0__TLS"] = "none",
            ["POSTERN_UPSTREAM__1__NAME"] = "b",
            ["POSTERN_UPSTREAM__1__ADDRESS"] = "b.example.com:25",
            ["POSTERN_LIMITS__MAX_RECIPIENTS"] = "7",
            ["POSTERN_PORT"] = "not a setting",
        };
        var result = Load("[server]\nhostname = \"file.example.net\"\n" + Upstream, environment, new ConfigOverride("delivery.expire", "3d", "--expire"));
        var config = Good(result);
        Assert.Equal("env.example.net", config.Server.Hostname);
        Assert.Equal(TimeSpan.FromDays(3), config.Delivery.Expire);
        Assert.Equal(["192.0.2.0/24", "127.0.0.0/8"], config.Access.Networks);
        Assert.Equal(TlsMode.None, config.Upstream[0].Tls);
        Assert.Equal("b", config.Upstream[1].Name);
        Assert.Equal(7, config.Limits.MaxRecipients);
        Assert.Equal("environment variable POSTERN_SERVER__HOSTNAME", result.Origins["server.hostname"].ToString());
        Assert.Equal("option --expire", result.Origins["delivery.expire"].ToString());
        Assert.Equal("postern.toml:5:1", result.Origins["upstream[0].address"].ToString());
    }

    [Theory]
    [InlineData("POSTERN_SERVER__HOSTNAM", "x", "environment variable POSTERN_SERVER__HOSTNAM: server.hostnam: unknown key; did you mean hostname?")]
    [InlineData("POSTERN_LIMITS__MAX_RECIPIENTS", "x", "environment variable POSTERN_LIMITS__MAX_RECIPIENTS: limits.max_recipients = \"x\": expected a whole number, found text; write max_recipients = 1000")]
    [InlineData("POSTERN_UPSTREAM__3__NAME", "x", "environment variable POSTERN_UPSTREAM__3__NAME: upstream.3.name: no entry UPSTREAM__3; number the entries from 0 without gaps: __0__, __1__")]
    public void A_mistake_in_the_environment_names_the_variable(string variable, string value, string expected)
    {
        var result = Load(Upstream, new() { [variable] = value });
        Assert.Equal(expected, Assert.Single(result.Errors).ToString());
    }

    [Fact]
    public void Secrets_come_from_the_environment_or_a_file_and_are_never_shown()
    {
        string file = Path.GetTempFileName();
        File.WriteAllText(file, "from file\n");
        string text = $$"""
            [[user]]
            name = "one"
            password = { env = "ONE" }
            [[user]]
            name = "two"
            password = { file = "{{file}}" }
            """ + "\n" + Upstream;
        var result = Load(text, new() { ["ONE"] = "from env" });
        File.Delete(file);
        var config = Good(result);
        Assert.Equal("from env", config.User[0].Password.Reveal());
        Assert.Equal("from file", config.User[1].Password.Reveal());
        string shown = ConfigText.Write(config, result.Origins, onlySet: false);
        Assert.DoesNotContain("from file", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("from env", shown, StringComparison.Ordinal);
        Assert.Contains("password = \"***\"", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_shown_is_toml_that_gives_the_same_configuration()
    {
        var result = Load("[delivery]\nmode = \"inline\"\nretry = [\"1m30s\"]\n" + Upstream + "auth = { user = \"u\", password = \"p\" }\n[[route]]\nmatch = { sender = [\"<>\"] }\nupstreams = [\"a\"]\n[[route]]\nvia = \"mx\"\n");
        string shown = ConfigText.Write(Good(result), result.Origins, onlySet: false);
        var again = Load(shown);
        Assert.Equal(Strip(shown), Strip(ConfigText.Write(Good(again), again.Origins, onlySet: false)));

        static string Strip(string text) => string.Join('\n', text.Split('\n').Select(l => l.Split("  #")[0].TrimEnd()));
    }

    [Theory]
    [InlineData("90s", 90_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("5d", 432_000_000)]
    [InlineData("100ms", 100)]
    [InlineData("0", 0)]
    public void Durations_are_read_with_their_units(string text, long milliseconds)
    {
        Assert.True(ConfigValues.TryParseDuration(text, out var value));
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("m")]
    [InlineData("-5m")]
    [InlineData("5m1h")]
    [InlineData("5m5m")]
    [InlineData("1.5h")]
    [InlineData("5 m")]
    [InlineData("99999999d")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(ConfigValues.TryParseDuration(text, out _));

    [Fact]
    public void Durations_and_sizes_survive_being_written_and_read()
    {
        Check.Sample(Gen.Long[0, 300_000_000_000], number =>
        {
            var duration = TimeSpan.FromMilliseconds(number);
            return ConfigValues.TryParseDuration(ConfigValues.Format(duration), out var back) && back == duration
                && ConfigValues.TryParseSize(ConfigValues.FormatSize(number), out long size) && size == number;
        });
    }

    [Fact]
    public void Any_text_gives_a_configuration_or_errors_but_never_an_exception()
    {
        string[] pieces = ["[", "]", "[[upstream]]", "\n", "=", "name", "\"a\"", ".", "{", "}", "1", "true", "[server]", "hostname", ",", "#", "'", "2026-01-01", "route", "-", "address", "\"x:25\""];
        Check.Sample(Gen.Int[0, pieces.Length - 1].Array[0, 30], indices => Load(string.Join(' ', indices.Select(i => pieces[i]))) is not null);
    }
}
