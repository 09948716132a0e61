package mailbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/emersion/go-smtp"

	"github.com/amends/amends/internal/dev/loopback"
)

// Server takes mails for a mailbox.
type Server struct {
	smtp *smtp.Server
	url  string
}

// Start returns a server of this machine that puts each mail into m.
func Start(ctx context.Context, m Mailbox) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(loopback.Host, "0"))
	if err != nil {
		return nil, fmt.Errorf("mailbox: %w", err)
	}
	s := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return session{m}, nil }))
	s.Domain, s.MaxMessageBytes, s.EnableSMTPUTF8 = "localhost", 1<<20, true
	s.ReadTimeout, s.WriteTimeout = time.Minute, time.Minute
	s.ErrorLog = silent{}
	go func() { _ = s.Serve(l) }() // until Stop
	return &Server{s, "smtp://" + l.Addr().String()}, nil
}

// URL is where the server takes mails.
func (s *Server) URL() string { return s.url }

// Stop ends the server and its connections.
func (s *Server) Stop() error {
	if err := s.smtp.Close(); err != nil {
		return fmt.Errorf("mailbox: %w", err)
	}
	return nil
}

// session takes mails from and to any address.
type session struct{ m Mailbox }

// Mail implements [smtp.Session].
func (session) Mail(string, *smtp.MailOptions) error { return nil }

// Rcpt implements [smtp.Session].
func (session) Rcpt(string, *smtp.RcptOptions) error { return nil }

// Data implements [smtp.Session].
func (s session) Data(r io.Reader) error {
	content, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	return s.m.Put(content)
}

// Reset implements [smtp.Session].
func (session) Reset() {}

// Logout implements [smtp.Session].
func (session) Logout() error { return nil }

// silent drops the server's log: its client logs what fails.
type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}
