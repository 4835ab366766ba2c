using Postern.Core;
using Postern.Core.Configuration;
using Postern.Lab.Peers;

namespace Postern.Tests.Configuration;

/// <summary>Files that exist, and that a start could not use all the same.</summary>
public sealed class RelayFilesTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("postern-files-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private IEnumerable<string> Check(string toml)
    {
        var result = new ConfigLoader(new ConfigSurroundings(_ => null, [], _folder)).LoadText(toml, "postern.toml", []);
        Assert.Empty(result.Errors);
        return RelayFiles.Check(result, TimeProvider.System).Select(e => e.ToString().Replace(_folder, "FOLDER", StringComparison.Ordinal));
    }

    private string Write(string name, string text)
    {
        File.WriteAllText(Path.Combine(_folder, name), text);
        return name;
    }

    [Fact]
    public void A_file_of_authorities_without_any_is_found_before_a_start() => Assert.Equal(
        ["postern.toml:4:1: upstream[0].tls_ca: upstream \"a\": tls_ca FOLDER/ca.pem holds no certificate; give a PEM file with the authorities to trust"],
        Check($"[[upstream]]\nname = \"a\"\naddress = \"smtp.example.com:587\"\ntls_ca = \"{Write("ca.pem", "no certificate")}\"\n"));

    [Fact]
    public void The_key_of_another_certificate_is_found_before_a_start()
    {
        using var other = System.Security.Cryptography.RSA.Create(2048);
        Write("cert.pem", LabCertificates.Issue(["one.test"]).ExportCertificatePem());
        Write("key.pem", other.ExportPkcs8PrivateKeyPem());
        string error = Assert.Single(Check("[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n[[listener]]\ntls = \"starttls\"\n[[route]]\nvia = \"mx\"\n"));
        Assert.StartsWith("postern.toml:2:1: tls.certificate: FOLDER/cert.pem with tls.key FOLDER/key.pem cannot be used: ", error, StringComparison.Ordinal);
        Assert.EndsWith("must print the same", error, StringComparison.Ordinal);
    }
}
