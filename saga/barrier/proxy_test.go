package barrier_test

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// lose is the proxy's treatment of the next commit: a COMMIT, or a write that is a
// transaction by itself.
type lose int32

const (
	nothingLost lose = iota
	replyLost        // the server gets it and carries it out; the client never hears
	commitLost       // the server never gets it
)

// proxy stands between a client and PostgreSQL, reads their messages and cuts the
// connection at a commit when it is told to.
type proxy struct {
	listener net.Listener
	server   string
	armed    atomic.Int32 // a lose, for the next commit only
	cuts     [commitLost + 1]atomic.Int32

	wg    sync.WaitGroup
	mu    sync.Mutex
	conns []net.Conn
}

// newProxy returns a proxy to the server of dsn, and the DSN that leads through it.
func newProxy(t *testing.T, dsn string) (*proxy, string) {
	t.Helper()
	u, err := url.Parse(dsn)
	require.NoError(t, err)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{listener: l, server: u.Host}
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		p.mu.Lock()
		for _, c := range p.conns {
			_ = c.Close() // most are closed
		}
		p.mu.Unlock()
		p.wg.Wait()
	})
	u.Host = l.Addr().String()
	return p, u.String()
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.server) //nolint:noctx // on loopback; the cleanup closes it
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, client, server)
		p.mu.Unlock()
		var cut atomic.Bool
		p.wg.Go(func() { p.forward(client, server, &cut) })
		p.wg.Go(func() { p.backward(client, server, &cut) })
	}
}

// forward carries the client's messages. The first message has no type.
func (p *proxy) forward(client, server net.Conn, cut *atomic.Bool) {
	defer func() { _ = server.Close() }()
	l := listener{prepared: map[string]string{}}
	for first := true; ; first = false {
		m, err := message(client, !first)
		if err != nil {
			return
		}
		if !first && l.commits(m) {
			switch how := lose(p.armed.Swap(int32(nothingLost))); how {
			case nothingLost:
			case commitLost:
				p.cuts[how].Add(1)
				_ = client.Close()
				return
			case replyLost:
				cut.Store(true)
			}
		}
		if _, err := server.Write(m); err != nil {
			return
		}
	}
}

// listener follows a client's messages.
type listener struct {
	prepared map[string]string // statements by name
	open     bool              // a transaction is
}

// commits says whether m, a query of its own or part of a batch, commits.
func (l *listener) commits(m []byte) bool {
	words := strings.SplitN(string(m[5:]), "\x00", 3)
	switch m[0] {
	case 'Q':
		return l.runs(words[0])
	case 'P': // name, statement
		l.prepared[words[0]] = words[1]
	case 'B': // portal, name
		return l.runs(l.prepared[words[1]])
	}
	return false
}

func (l *listener) runs(statement string) (commits bool) {
	verb, _, _ := strings.Cut(strings.ToUpper(statement), " ")
	commits = verb == "COMMIT" || verb == "INSERT" && !l.open
	switch verb {
	case "BEGIN":
		l.open = true
	case "COMMIT", "ROLLBACK":
		l.open = false
	}
	return commits
}

// backward carries the server's messages, except the reply that is to be lost.
func (p *proxy) backward(client, server net.Conn, cut *atomic.Bool) {
	defer func() { _ = client.Close() }()
	for committed := false; ; {
		m, err := message(server, true)
		if err != nil {
			return
		}
		if cut.Load() {
			switch {
			case m[0] == 'C' && (bytes.HasPrefix(m[5:], []byte("COMMIT")) || bytes.HasPrefix(m[5:], []byte("INSERT"))):
				committed = true
			case m[0] == 'Z': // only now is it committed that has no COMMIT
				if committed {
					p.cuts[replyLost].Add(1)
				}
				return
			}
			continue
		}
		if _, err := client.Write(m); err != nil {
			return
		}
	}
}

// message reads one message of PostgreSQL's protocol: its type, its length, which
// counts itself, and its body.
func message(r io.Reader, typed bool) ([]byte, error) {
	head := make([]byte, 4, 64)
	if typed {
		head = head[:5]
	}
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(head[len(head)-4:])-4)
	_, err := io.ReadFull(r, body)
	return append(head, body...), err
}
