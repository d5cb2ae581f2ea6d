"""Browsers that Debian has, driven from outside: Chromium by playwright, Firefox over WebDriver BiDi."""
