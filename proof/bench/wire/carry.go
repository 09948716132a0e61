package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
)

// maxMessage bounds the length of a client's message: the protocol's own limit.
const maxMessage = 1 << 30

// Types of a client's messages that matter here.
const (
	query = 'Q' // a simple query: a statement and its Sync
	parse = 'P'
	bind  = 'B'
	done  = 'S' // Sync: the client waits for the answer
)

// carry carries a connection until one of its ends hangs up.
func (l *Line) carry(client, server net.Conn) {
	defer l.hangUp(client, server)
	l.running.Go(func() {
		defer l.hangUp(client, server)
		_, _ = io.Copy(client, server) // its end is the connection's
	})
	_ = l.listen(client, server) // an end hung up, or did not speak the protocol: it is served no longer
}

// listen forwards the client's messages, and counts them.
func (l *Line) listen(client io.Reader, server io.Writer) error {
	in, out := bufio.NewReader(client), bufio.NewWriter(server)
	first, err := message(in, 0)
	if err != nil {
		return err
	}
	of := &session{database: startup(first), prepared: map[string]string{}}
	for text := first; ; {
		if _, err := out.Write(text); err != nil {
			return err
		}
		if in.Buffered() == 0 {
			if err := out.Flush(); err != nil {
				return err
			}
		}
		if text, err = message(in, 1); err != nil {
			return err
		}
		l.hear(of, text[0], text[5:])
	}
}

// session is the state of one connection.
type session struct {
	database string
	prepared map[string]string // statements by name
	open     bool              // the client has begun a transaction
	asked    bool              // it has executed a statement since its last round trip
}

// hear counts one message.
func (l *Line) hear(of *session, kind byte, body []byte) {
	switch kind {
	case query:
		l.execution(of, words(body, 1)[0])
		l.trip(of)
	case parse: // name, statement
		w := words(body, 2)
		of.prepared[w[0]] = w[1]
	case bind: // portal, name
		l.execution(of, of.prepared[words(body, 2)[1]])
	case done:
		l.trip(of)
	}
}

// message reads one message: its type, unless it is the first, which has none;
// its length; the rest.
func message(r *bufio.Reader, kind int) ([]byte, error) {
	head := make([]byte, kind+4)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(head[kind:])
	if n < 4 || n > maxMessage {
		return nil, errors.New("not a message of PostgreSQL's protocol")
	}
	text := make([]byte, kind+int(n))
	copy(text, head)
	_, err := io.ReadFull(r, text[len(head):])
	return text, err
}

// startup returns the database that a first message asks for.
func startup(text []byte) string {
	pairs := strings.Split(string(text[min(8, len(text)):]), "\x00") // behind length and version
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i] == "database" {
			return pairs[i+1]
		}
	}
	return ""
}

// words returns the first n strings of a message, each of which ends with a zero.
func words(body []byte, n int) []string {
	w := strings.SplitN(string(body), "\x00", n+1)
	for len(w) < n {
		w = append(w, "")
	}
	return w
}
