#include "pkg/io/channel.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "pkg/io/socket.h"

namespace kuma::io {

namespace {

#ifdef MSG_NOSIGNAL
constexpr int kSendFlags = MSG_NOSIGNAL;
#else
constexpr int kSendFlags = 0;
#endif

// OpenSSL's own socket BIO uses write(), which raises SIGPIPE when the peer is gone.
BIO_METHOD* SocketMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kuma socket");
    BIO_meth_set_read(m, [](BIO* bio, char* data, int size) {
      BIO_clear_retry_flags(bio);
      const int fd = static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
      const ssize_t n = ::recv(fd, data, static_cast<size_t>(size), 0);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_read(bio);
      if (n == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
      return static_cast<int>(n);
    });
    BIO_meth_set_write(m, [](BIO* bio, const char* data, int size) {
      BIO_clear_retry_flags(bio);
      const int fd = static_cast<int>(reinterpret_cast<intptr_t>(BIO_get_data(bio)));
      const ssize_t n = ::send(fd, data, static_cast<size_t>(size), kSendFlags);
      if (n < 0 && (errno == EAGAIN || errno == EINTR)) BIO_set_retry_write(bio);
      return static_cast<int>(n);
    });
    BIO_meth_set_ctrl(m, [](BIO* bio, int command, long, void*) -> long {
      if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
    BIO_meth_set_create(m, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return m;
  }();
  return method;
}

}  // namespace

Channel::~Channel() = default;

void Channel::StartTls(SslPtr ssl) {
  ssl_ = std::move(ssl);
  note_ = std::make_unique<TlsVerifyNote>();
  SSL_set_app_data(ssl_.get(), note_.get());
  BIO* bio = BIO_new(SocketMethod());
  BIO_set_data(bio, reinterpret_cast<void*>(static_cast<intptr_t>(fd_)));
  SSL_set_bio(ssl_.get(), bio, bio);
}

IoOutcome Channel::TlsOutcome(int result) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_NONE: return {IoState::kDone, static_cast<size_t>(result)};
    case SSL_ERROR_WANT_READ: return {IoState::kWantRead};
    case SSL_ERROR_WANT_WRITE: return {IoState::kWantWrite};
    case SSL_ERROR_ZERO_RETURN: return {IoState::kEnd};
    case SSL_ERROR_SYSCALL:
      error_ = saved_errno == 0 || result == 0 ? "the connection was closed" : ErrnoText(saved_errno);
      break;
    default: {
      const unsigned long code = ERR_peek_error();
      const int reason = ERR_GET_REASON(code);
      if (!note_->message.empty()) {
        error_ = note_->message;
      } else if (reason == SSL_R_HTTP_REQUEST) {
        saw_plain_http_ = true;
        error_ = "the client sent plain HTTP to a TLS port";
      } else if (reason == SSL_R_WRONG_VERSION_NUMBER) {
        error_ = "the other side does not speak TLS on this port";
      } else if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
        error_ = "the connection was closed";
      } else if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) {
        error_ = "the client sent no certificate, but one is required";
      } else {
        const char* text = ERR_reason_error_string(code);
        error_ = text != nullptr ? std::string("TLS: ") + text : "TLS failed";
      }
    }
  }
  ERR_clear_error();
  return {IoState::kError};
}

IoOutcome Channel::Handshake() {
  if (!ssl_) return {IoState::kDone};
  ERR_clear_error();
  errno = 0;
  return TlsOutcome(SSL_do_handshake(ssl_.get()));
}

IoOutcome Channel::Read(char* data, size_t size) {
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    return TlsOutcome(SSL_read(ssl_.get(), data, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  const ssize_t n = ::recv(fd_, data, size, 0);
  if (n > 0) return {IoState::kDone, static_cast<size_t>(n)};
  if (n == 0) return {IoState::kEnd};
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return {IoState::kWantRead};
  error_ = ErrnoText(errno);
  return {IoState::kError};
}

IoOutcome Channel::Write(const char* data, size_t size) {
  if (ssl_) {
    ERR_clear_error();
    errno = 0;
    return TlsOutcome(SSL_write(ssl_.get(), data, static_cast<int>(std::min<size_t>(size, INT_MAX))));
  }
  const ssize_t n = ::send(fd_, data, size, kSendFlags);
  if (n > 0) return {IoState::kDone, static_cast<size_t>(n)};
  if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {IoState::kWantWrite};
  error_ = ErrnoText(errno);
  return {IoState::kError};
}

void Channel::ShutdownWrite() {
  if (write_closed_) return;
  write_closed_ = true;
  if (ssl_ && SSL_is_init_finished(ssl_.get()) == 1) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  ::shutdown(fd_, SHUT_WR);
}

void Channel::DescribePeer(PeerInfo& peer) const {
  peer.is_tls = ssl_ != nullptr;
  if (!ssl_) return;
  const unsigned char* alpn = nullptr;
  unsigned alpn_size = 0;
  SSL_get0_alpn_selected(ssl_.get(), &alpn, &alpn_size);
  peer.alpn.assign(reinterpret_cast<const char*>(alpn), alpn_size);
  X509* cert = SSL_get0_peer_certificate(ssl_.get());
  if (cert == nullptr || SSL_get_verify_result(ssl_.get()) != X509_V_OK) return;
  std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new(BIO_s_mem()), BIO_free);
  PEM_write_bio_X509(bio.get(), cert);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &data);
  peer.client_cert_pem.assign(data, static_cast<size_t>(size));
  if (auto summary = SummarizeCertificate(peer.client_cert_pem); summary.ok()) peer.client_cert_subject = summary->subject;
}

}  // namespace kuma::io
