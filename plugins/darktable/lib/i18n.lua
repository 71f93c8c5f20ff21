--- Texts in the user's language. English until darktable's gettext is put in.

local i18n = {
  gettext = function(text)
    return text
  end,
  ngettext = function(one, many, number)
    return number == 1 and one or many
  end,
}

--- Translate a text. Modules keep this one, which knows the language as soon as it is known.
function i18n._(text)
  return i18n.gettext(text)
end

--- Translate a text that depends on a number.
function i18n.n_(one, many, number)
  return i18n.ngettext(one, many, number)
end

--- Take translations of a domain from a folder that holds `LANGUAGE/LC_MESSAGES/DOMAIN.mo`.
function i18n.bind(gettext, domain, folder)
  gettext.bindtextdomain(domain, folder)
  i18n.gettext = function(text)
    return gettext.dgettext(domain, text)
  end
  i18n.ngettext = function(one, many, number)
    return gettext.dngettext(domain, one, many, number)
  end
end

return i18n
