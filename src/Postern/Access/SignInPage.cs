using System.Text;
using System.Text.Encodings.Web;

namespace Postern.Access;

/// <summary>The sign-in page's text: HTML without scripts, and its style sheet.</summary>
internal static class SignInPage
{
    internal const string Style = """
        :root { color-scheme: light dark; --line: #c9d1d9; --ink: #1b1f24; --soft: #57606a; --paper: #f6f8fa; --card: #ffffff; --accent: #0550ae; --on-accent: #ffffff; --bad: #b3261e; }
        @media (prefers-color-scheme: dark) { :root { --line: #3d444d; --ink: #e6edf3; --soft: #9aa4af; --paper: #0d1117; --card: #161b22; --accent: #79b8ff; --on-accent: #0d1117; --bad: #ff8b80; } }
        * { box-sizing: border-box; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
        main { width: min(24rem, 100%); padding: 2rem; background: var(--card); border: 1px solid var(--line); border-radius: .75rem; }
        h1 { margin: 0 0 1.25rem; font-size: 1.25rem; }
        label { display: block; margin-bottom: .25rem; font-weight: 600; }
        p { margin: .5rem 0 0; color: var(--soft); font-size: .875rem; }
        p.problem { margin: 0 0 1rem; color: var(--bad); font-size: 1rem; }
        p.or { margin: 1.25rem 0; text-align: center; }
        input { width: 100%; padding: .5rem .75rem; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--soft); border-radius: .375rem; }
        button, a.button { display: block; width: 100%; margin-top: 1rem; padding: .625rem; font: inherit; font-weight: 600; text-align: center; text-decoration: none; cursor: pointer; color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent); border-radius: .375rem; }
        :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
        """;

    /// <param name="next">Where to go afterwards; a path of ours.</param>
    /// <param name="provider">Host of the OpenID Connect provider; null for none.</param>
    public static string Write(string next, string? problem, bool takesTokens, string? provider)
    {
        var html = HtmlEncoder.Default;
        var text = new StringBuilder();
        text.Append($"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Sign in · Postern</title>
            <link rel="icon" href="data:,">
            <link rel="stylesheet" href="{SignInPages.StylePath}">
            </head>
            <body>
            <main>
            <h1>Sign in to Postern</h1>

            """);
        if (problem is not null) text.Append($"<p class=\"problem\" role=\"alert\">{html.Encode(problem)}</p>\n");
        if (provider is not null) text.Append($"<a class=\"button\" href=\"{html.Encode($"{SignInPages.ProviderPath}?next={Uri.EscapeDataString(next)}")}\">Sign in with {html.Encode(provider)}</a>\n");
        if (provider is not null && takesTokens) text.Append("<p class=\"or\">or</p>\n");
        if (takesTokens)
        {
            text.Append($"""
                <form method="post" action="{SignInPages.Path}">
                <input type="hidden" name="next" value="{html.Encode(next)}">
                <label for="token">Token</label>
                <input id="token" name="token" type="password" autocomplete="current-password" required maxlength="{TokenBook.LongestToken}" spellcheck="false" aria-describedby="hint">
                <p id="hint">One of the tokens in the relay's configuration.</p>
                <button type="submit">Sign in</button>
                </form>

                """);
        }
        if (provider is null && !takesTokens) text.Append("<p>This relay is signed in to through its proxy. Come by the proxy's address.</p>\n");
        return text.Append("</main>\n</body>\n</html>\n").ToString();
    }
}
