/* libpq.a is compiled with GSSAPI and LDAP, of which there are no static libraries. These definitions satisfy the linker and make
 * both report "not supported": every GSSAPI call fails, every LDAP call finds nothing. Only called for gssencmode=require,
 * krb authentication or an ldap:// service file, all of which we document as unsupported in the static build. */
#include <stddef.h>

enum { kGssUnavailable = 16 << 16, kLdapNotSupported = 0x5c };

const void *GSS_C_NT_HOSTBASED_SERVICE = NULL;

#define GSS_STUB(name) \
  unsigned name(unsigned *minor); \
  unsigned name(unsigned *minor) { \
    if (minor) *minor = 0; \
    return kGssUnavailable; \
  }

GSS_STUB(gss_acquire_cred)
GSS_STUB(gss_delete_sec_context)
GSS_STUB(gss_display_status)
GSS_STUB(gss_import_name)
GSS_STUB(gss_init_sec_context)
GSS_STUB(gss_release_buffer)
GSS_STUB(gss_release_cred)
GSS_STUB(gss_release_name)
GSS_STUB(gss_unwrap)
GSS_STUB(gss_wrap)
GSS_STUB(gss_wrap_size_limit)

#define LDAP_STUB_POINTER(name) \
  void *name(void); \
  void *name(void) { return NULL; }
#define LDAP_STUB_INT(name, value) \
  int name(void); \
  int name(void) { return value; }

LDAP_STUB_POINTER(ldap_init)
LDAP_STUB_POINTER(ldap_first_entry)
LDAP_STUB_POINTER(ldap_get_values_len)
LDAP_STUB_INT(ldap_count_entries, 0)
LDAP_STUB_INT(ldap_msgfree, 0)
LDAP_STUB_INT(ldap_result, -1)
LDAP_STUB_INT(ldap_search_st, kLdapNotSupported)
LDAP_STUB_INT(ldap_set_option, -1)
LDAP_STUB_INT(ldap_simple_bind, -1)
LDAP_STUB_INT(ldap_unbind, 0)

void ldap_value_free_len(void *values);
void ldap_value_free_len(void *values) { (void)values; }

char *ldap_err2string(int error);
char *ldap_err2string(int error) {
  (void)error;
  return "LDAP is not supported";
}
