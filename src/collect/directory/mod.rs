//! Reads a directory over LDAP.
