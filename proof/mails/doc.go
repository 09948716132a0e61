// Package mails explores how faults change the messages of customers.
//
// One order is placed and confirmed, and its customer wants to hear of it by mail and by
// text message. The services are the product's: the order service tells, the notification
// service hears, and its sender sends, by a mail server and two providers of text messages.
// A run passes places, such as the commit of a fact or the reply of a provider, each once or
// several times; a schedule has faults for some of these passes. The explorer runs the
// schedule without faults, and then every schedule with one fault more at a place that was
// passed: with at most -faults of them.
//
// Whatever happens, each channel delivers one message, or none if it was refused for good
// (one at most, if its server has refused the repeat of a message that it may have taken);
// none before the order is decided; and a fact that is told again afterwards sends nothing.
package mails
