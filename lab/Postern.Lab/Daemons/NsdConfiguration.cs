using System.Globalization;
using System.Net;

namespace Postern.Lab.Daemons;

/// <summary>What nsd needs to serve zones from one folder, without rights and without control.</summary>
internal static class NsdConfiguration
{
    /// <param name="zones">Their names; the file of each is <c>name.zone</c> in the folder.</param>
    public static string Of(IPEndPoint at, string folder, IEnumerable<string> zones) => string.Create(CultureInfo.InvariantCulture, $"""
        server:
          ip-address: {at.Address}
          port: {at.Port}
          username: ""
          chroot: ""
          zonesdir: "{folder}"
          database: ""
          pidfile: "{Path.Combine(folder, "nsd.pid")}"
          xfrdfile: "{Path.Combine(folder, "xfrd.state")}"
          zonelistfile: "{Path.Combine(folder, "zone.list")}"
          logfile: "{Path.Combine(folder, "nsd.log")}"
          xfrdir: "{folder}"
          server-count: 1
        remote-control:
          control-enable: no

        """) + string.Concat(zones.Select(name => $"zone:\n  name: {name}\n  zonefile: {name}.zone\n"));
}
