// Package smtptest has an SMTP server for tests that fails when it is told to.
package smtptest

import (
	"io"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
	"github.com/stretchr/testify/require"
)

// Fault is what a server does with one mail instead of taking it.
type Fault string

// The faults. After LoseReply the mail is taken, and its sender cannot know.
const (
	None          Fault = ""
	UnknownUser   Fault = "the address is unknown"
	NoReason      Fault = "the recipient is refused without a reason"
	NoRelay       Fault = "the sender may not relay"
	BadSender     Fault = "the sender's domain is unknown"
	Busy          Fault = "the server is busy"
	Spam          Fault = "the content is refused"
	LoseData      Fault = "the connection breaks within the mail"
	LoseReply     Fault = "the connection breaks after the mail is taken"
	BusyAfterData Fault = "the server has no space"
)

// Mail is a mail that the server took.
type Mail struct{ ID, To, Content string }

// Server is an SMTP server of a test.
type Server struct {
	URL string

	mu     sync.Mutex
	faults []Fault
	taken  []Mail
	began  func(Mail)
}

// New returns a server that runs until the test ends.
func New(tb testing.TB) *Server {
	tb.Helper()
	l, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	s := &Server{URL: "smtp://" + l.Addr().String()}
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{server: s, conn: c.Conn()}, nil }))
	server.Domain, server.ErrorLog = "localhost", silent{}
	go func() { _ = server.Serve(l) }() // until it is closed
	tb.Cleanup(func() { _ = server.Close() })
	return s
}

// Fail makes the server treat the next mails so.
func (s *Server) Fail(faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// OnMail is called with each mail that is taken, before it is answered.
func (s *Server) OnMail(f func(Mail)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.began = f
}

// Taken returns every mail that the server took, repeats too.
func (s *Server) Taken() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.taken...)
}

// Mailbox returns the mails as their readers see them: a mailbox drops a mail whose
// Message-ID it has.
func (s *Server) Mailbox() (all []Mail) {
	seen := map[string]bool{}
	for _, m := range s.Taken() {
		if !seen[m.ID+m.To] {
			seen[m.ID+m.To] = true
			all = append(all, m)
		}
	}
	return all
}

// next returns the fault of the mail that now begins.
func (s *Server) next() Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.faults) == 0 {
		return None
	}
	f := s.faults[0]
	s.faults = s.faults[1:]
	return f
}

func (s *Server) take(m Mail) {
	s.mu.Lock()
	s.taken = append(s.taken, m)
	began := s.began
	s.mu.Unlock()
	if began != nil {
		began(m)
	}
}

// session is one connection.
type session struct {
	server *Server
	conn   net.Conn
	fault  Fault
	to     string
}

// Mail implements [smtp.Session].
func (s *session) Mail(string, *smtp.MailOptions) error {
	s.fault = s.server.next()
	return nil
}

// Rcpt implements [smtp.Session].
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	switch s.fault {
	case UnknownUser:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	case NoReason:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.NoEnhancedCode, Message: "relay not permitted"}
	case BadSender:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 8}, Message: "sender address rejected: domain not found"}
	case NoRelay:
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "relaying denied"}
	case Busy:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "try again later"}
	default:
		return nil
	}
}

// Data implements [smtp.Session].
func (s *session) Data(r io.Reader) error {
	if s.fault == LoseData {
		return s.conn.Close()
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	switch s.fault {
	case Spam:
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "no"}
	case BusyAfterData:
		return &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "no space"}
	default:
	}
	read, err := mail.ReadMessage(strings.NewReader(string(content)))
	if err != nil {
		return err
	}
	s.server.take(Mail{ID: read.Header.Get("Message-Id"), To: s.to, Content: string(content)})
	if s.fault == LoseReply {
		return s.conn.Close()
	}
	return nil
}

// Reset implements [smtp.Session].
func (s *session) Reset() {}

// Logout implements [smtp.Session].
func (s *session) Logout() error { return nil }

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}
