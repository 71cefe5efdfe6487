"""What a reader drags: one scene, shown by a widget in a notebook and by a page of the site."""
