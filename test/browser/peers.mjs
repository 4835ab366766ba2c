// SMTP servers that behave as their script says, and a DNS server with a table: the other side of the scenery.
import net from 'node:net';
import dgram from 'node:dgram';

/** A server on host:port. say(event, session) gives a reply line, null for the usual one, or 'drop'. Events: greeting, ehlo, auth, mail, rcpt, data, message. */
export function peer(host, port, say) {
  const server = net.createServer(socket => {
    const session = { messages: 0, since: Date.now(), host };
    let inData = false, buffer = '', recipients = 0;
    const send = line => socket.write(line + '\r\n');
    const answer = (event, usual, argument) => {
      const said = say?.(event, session, argument) ?? usual;
      if (said === 'drop') socket.destroy();
      else if (said !== 'silent') send(said);
      if (/^(421|554) /.test(said) && event !== 'rcpt' && event !== 'message') socket.end();
      return said;
    };
    socket.on('error', () => {});
    answer('greeting', `220 ${host} ESMTP ready`);
    socket.on('data', chunk => {
      buffer += chunk.toString('latin1');
      for (;;) {
        if (inData) {
          const end = buffer.indexOf('\r\n.\r\n');
          if (end < 0) return;
          buffer = buffer.slice(end + 5);
          inData = false;
          session.messages++;
          answer('message', `250 2.0.0 Ok: queued as ${(0x4a000 + Math.floor(Math.random() * 0xfffff)).toString(16).toUpperCase()}`);
          continue;
        }
        const end = buffer.indexOf('\r\n');
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const verb = line.slice(0, 4).toUpperCase();
        if (verb === 'EHLO') answer('ehlo', `250-${host}\r\n250-PIPELINING\r\n250-SIZE 36700160\r\n250-8BITMIME\r\n250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES`);
        else if (verb === 'AUTH') answer('auth', '235 2.7.0 Authentication successful');
        else if (verb === 'MAIL') { recipients = 0; answer('mail', '250 2.1.0 Ok', line); }
        else if (verb === 'RCPT') recipients += answer('rcpt', '250 2.1.5 Ok', line).startsWith('250') ? 1 : 0;
        else if (verb === 'DATA' && recipients === 0) send('554 5.5.1 Error: no valid recipients');
        else if (verb === 'DATA') inData = answer('data', '354 End data with <CR><LF>.<CR><LF>').startsWith('354');
        else if (verb === 'QUIT') { send('221 2.0.0 Bye'); socket.end(); }
        else send('250 2.0.0 Ok');
      }
    });
  });
  return new Promise((done, fail) => { server.once('error', fail); server.listen(port, host, () => done(server)); });
}

/** A DNS server: table[name] = { A: [...], MX: [[10, 'host']], TXT: [...] }; what is not in it does not exist. */
export function names(host, port, table) {
  const socket = dgram.createSocket('udp4');
  const types = { 1: 'A', 2: 'NS', 5: 'CNAME', 6: 'SOA', 12: 'PTR', 15: 'MX', 16: 'TXT', 28: 'AAAA' };
  const label = name => Buffer.concat([...name.split('.').filter(Boolean).map(l => Buffer.concat([Buffer.from([l.length]), Buffer.from(l)])), Buffer.from([0])]);
  const data = {
    A: v => Buffer.from(v.split('.').map(Number)),
    PTR: label, CNAME: label, NS: label,
    MX: v => Buffer.concat([Buffer.from([v[0] >> 8, v[0] & 255]), label(v[1])]),
    TXT: v => Buffer.concat([Buffer.from([v.length]), Buffer.from(v)]),
  };
  socket.on('message', (question, from) => {
    let at = 12;
    const labels = [];
    while (question[at]) { labels.push(question.toString('latin1', at + 1, at + 1 + question[at])); at += question[at] + 1; }
    const type = types[question.readUInt16BE(at + 1)];
    const asked = question.subarray(12, at + 5);
    const entry = table[labels.join('.').toLowerCase()];
    const values = entry?.[type] ?? [];
    const header = Buffer.alloc(12);
    question.copy(header, 0, 0, 2);
    header.writeUInt16BE(0x8580 | (entry ? 0 : 3), 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(values.length, 6);
    const answers = values.map(value => {
      const body = data[type](value);
      const fixed = Buffer.alloc(12);
      fixed.writeUInt16BE(0xc00c, 0);
      fixed.writeUInt16BE(question.readUInt16BE(at + 1), 2);
      fixed.writeUInt16BE(1, 4);
      fixed.writeUInt32BE(60, 6);
      fixed.writeUInt16BE(body.length, 10);
      return Buffer.concat([fixed, body]);
    });
    socket.send(Buffer.concat([header, asked, ...answers]), from.port, from.address);
  });
  return new Promise((done, fail) => { socket.once('error', fail); socket.bind(port, host, () => done(socket)); });
}

/** Hands messages in, on one session: [{ from, to, subject }]. Resolves to the queue ids, null for what was refused. */
export function submit(host, port, messages) {
  return new Promise((done, fail) => {
    const socket = net.connect(port, host);
    const ids = [];
    const lines = [];
    let waiting = null;
    socket.setEncoding('latin1');
    let buffer = '';
    socket.on('data', chunk => {
      buffer += chunk;
      for (let end; (end = buffer.indexOf('\r\n')) >= 0;) {
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        if (line[3] === '-') continue;
        if (waiting) { const w = waiting; waiting = null; w(line); } else lines.push(line);
      }
    });
    socket.on('error', fail);
    const reply = () => (lines.length ? Promise.resolve(lines.shift()) : new Promise(r => { waiting = r; }));
    const tell = async text => { socket.write(text + '\r\n'); return reply(); };
    (async () => {
      await reply();
      await tell('EHLO app.example.test');
      for (const m of messages) {
        const mail = await tell(`MAIL FROM:<${m.from}>`);
        let any = false;
        for (const to of [m.to].flat()) any = (await tell(`RCPT TO:<${to}>`)).startsWith('250') || any;
        if (!mail.startsWith('250') || !any) { ids.push(null); await tell('RSET'); continue; }
        await tell('DATA');
        const said = await tell(`From: ${m.from}\r\nTo: ${[m.to].flat().join(', ')}\r\nSubject: ${m.subject}\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\n${m.body ?? 'Hello.'}\r\n.`);
        ids.push(said.startsWith('250') ? /([0-9a-z]{13})/.exec(said)?.[1] ?? '' : null);
      }
      await tell('QUIT');
      socket.end();
      done(ids);
    })().catch(fail);
  });
}
