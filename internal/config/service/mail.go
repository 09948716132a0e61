package service

import (
	"net/mail"
	"net/url"
	"slices"

	"github.com/amends/amends/internal/config/setting"
)

// CheckMail reports the rules that the settings of mails break.
func CheckMail(p *setting.Problems, server, from, site string) {
	if u, err := url.Parse(server); server != "" && (err != nil || u.Hostname() == "" || !slices.Contains([]string{"smtp", "smtp+starttls", "smtps"}, u.Scheme)) {
		p.Add("smtp_url", "must be smtp://user:password@host:port, smtp+starttls://… or smtps://…", "")
	}
	if _, err := mail.ParseAddress(from); err != nil {
		p.Add("mail_from", "must be an address of mail, such as Shop <shop@example.com>", from)
	}
	if u, err := url.Parse(site); site != "" && (err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.User != nil || u.RawQuery != "" || u.Fragment != "") {
		p.Add("public_url", "must be an address such as https://shop.example", "")
	}
}
